"""The stand-in for Meta: Graph API, webhooks, and a witness that counts for itself."""
