import jwt
from jwt import decode

# ruleid: jwt-names-its-algorithms
jwt.decode(token, key)
# ruleid: jwt-names-its-algorithms
decode(token, key, issuer=issuer)
# ruleid: jwt-names-its-algorithms
jwt.decode(token, key, algorithms=["RS256", "none"])
# ruleid: jwt-names-its-algorithms
jwt.decode(token, key, algorithms=["RS256"], options={"verify_signature": False})
# ok: jwt-names-its-algorithms
jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})
# ok: jwt-names-its-algorithms
body.decode()
