"""Language models: anything that speaks the OpenAI protocol over HTTP."""
