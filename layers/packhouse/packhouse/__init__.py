"""Packhouse: nouns in three layers, verbs in rooms. Imports point inward; tests/house/test_architecture.py checks that.

Every noun has at most one file in each of three layers:
domain/         values and rules; standard library only
store/          nouns as items of the tables: keys, conditional writes
web/            nouns in requests and answers; the API factory, identity, problems, paging

Every room of verbs has the name of a folder in functions/, except the sweep:
consumption/    start and settle runs, coverage, entitlements, changes of projects; the watch
sweep/          the engine of the queues, and its step for each kind of item that is due
checkout/       place orders; receive their payments
payments/       the protocol of a payment provider, and Stripe behind it
journal/        entries of changes, the bus of domain events, the roll-up of usage, reports
documents/      workbooks
notifications/  mails
operations/     the auditor, and the invariants that it checks

Beside them: errors (every refusal), policies (every policy number), catalog (what is sold), settings (the only reader
of the environment) and runtime (the clock and the tables).
"""
