"""A Stripe to test against, offline: one test account, its payments, and webhooks about them.

It is a process of its own (`python -m dev.fake_stripe`). The product doesn't know it: it calls Stripe at another
address, that is all. `docs/fake-stripe.md` lists its promises and its guesses.

    server ──┬── api/       Stripe's HTTP API: checks a request, finds its endpoint, answers
             ├── checkout   the hosted pay page
             └── control    the requests of tests

All three work on books/, the account: its objects, the endpoints that change them, its events and their deliveries.
webhooks sends the events.
"""
