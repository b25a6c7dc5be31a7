"""Policies: rules in YAML over typed facts, which decide what the bot may say."""
