"""A Stripe to test against, offline: one test account, its payments, and the webhooks that tell of them.

It is a process of its own (`python -m dev.fake_stripe`), which nothing in the product knows about: what calls it has
been given another address, and nothing else. `docs/fake-stripe.md` says what it promises, and where it guesses.
"""
