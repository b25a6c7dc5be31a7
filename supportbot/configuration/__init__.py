"""What decides an answer, as versions that people draft, publish and roll back."""
