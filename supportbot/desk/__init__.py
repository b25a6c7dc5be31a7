"""The desk: the page on which agents work, live and by keyboard."""
