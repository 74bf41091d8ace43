"""Posts REQUESTS bulk requests of a hundred batches each to BASE_URL with the official Python SDK."""
import sys

import mparticle

url, requests = sys.argv[1], int(sys.argv[2])
configuration = mparticle.Configuration()
configuration.host = url
configuration.api_key = "key"
configuration.api_secret = "secret"
api = mparticle.EventsApi(configuration)


def batch(number):
    made = mparticle.Batch()
    made.environment = "development"
    identities = mparticle.UserIdentities()
    identities.customerid = "customer-%d" % number
    made.user_identities = identities
    made.user_attributes = {"tier": "gold", "city": "Hamburg"}
    event = mparticle.AppEvent("Product viewed", "navigation")
    event.timestamp_unixtime_ms = 1768435200000
    event.custom_attributes = {"category": "shoes", "page": "3"}
    made.events = [event]
    return made


for request in range(requests):
    api.bulk_upload_events([batch(request * 100 + n) for n in range(100)])
