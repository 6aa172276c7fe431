"""What accredited auditors and monitors do: core plus client."""
