# ruleid: AWS Access Key
# ruleid: Secret Keyword
secret = "AKIAPLANTED0PLANTED0"
# ruleid: Private Key
begin = "-----BEGIN RSA PRIVATE KEY-----\nplantedplanted"
# ruleid: Basic Auth Credentials
url = "https://planted:planted@packhouse.example/"
