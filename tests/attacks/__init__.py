"""What a stranger's text, schema or bundle may try. SECURITY.md says what is promised."""
