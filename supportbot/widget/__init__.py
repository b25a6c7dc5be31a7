"""Sites that embed the widget: how it looks there, whether it is online, and the line to paste."""
