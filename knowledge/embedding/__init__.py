"""Text → vector: find a model, prepare it once, run it with ONNX Runtime."""
