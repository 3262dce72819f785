"""The providers: what one is (`base`), how they are found (`registry`), and those that come with mailsync."""
