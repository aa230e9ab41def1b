# ruleid: stripe-call-has-our-key
client.v1.checkout.sessions.create(page)
# ruleid: stripe-call-has-our-key
asked(lambda: sessions.expire(session_id, {"expand": wanted}))
# ruleid: stripe-call-has-our-key
refunds.create({"charge": charge_id}, {"max_network_retries": 2})
# ruleid: stripe-call-has-our-key
stripe.Refund.create(charge=charge_id)
# ok: stripe-call-has-our-key
refunds.create({"charge": charge_id}, {"idempotency_key": key})
# ok: stripe-call-has-our-key
sessions.expire(session_id, options={"max_network_retries": 2, "idempotency_key": key})
# ok: stripe-call-has-our-key
sessions.retrieve(session_id)
# ok: stripe-call-has-our-key
projects.create(table, project)
