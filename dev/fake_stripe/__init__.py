"""A Stripe to test against, offline: one test account, its payments, and webhooks about them.

It is a process of its own (`python -m dev.fake_stripe`). The product doesn't know it: it calls Stripe at another
address, that is all. `docs/fake-stripe.md` lists its promises and its guesses.

    server ── api/       Stripe's HTTP API: reads requests, finds the endpoint, words the answer
           ── checkout   the hosted pay page
           ── control    what tests ask of it
    all of them use books/, the account: its objects, events and deliveries, and what each endpoint does to them
    webhooks sends the events that books/ owes
"""
