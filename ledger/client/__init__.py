"""What a disclosing service or a reader imports."""
