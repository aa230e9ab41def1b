"""The fake's HTTP API: checks each request, finds its endpoint, and answers in Stripe's words."""
