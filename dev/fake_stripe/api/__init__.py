"""The fake's HTTP API: reads each request, finds what it asks for, and words the answer as Stripe does."""
