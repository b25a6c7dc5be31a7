"""E-mail: replies to customers who have left the chat, and their answers back into it."""
