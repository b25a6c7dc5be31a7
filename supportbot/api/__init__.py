"""The edges: REST under /api/v1/, the widget's WebSocket, health. Each parses, calls, renders."""
