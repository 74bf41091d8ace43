"""Sends what a shop's backend would, with the official Python SDK: single batches, then a list. Usage: send.py BASE_URL"""

import sys
import time

import mparticle

NOW_MS = int(time.time() * 1000)


def custom_event():
    event = mparticle.AppEvent("Newsletter ordered", "navigation")
    event.timestamp_unixtime_ms = NOW_MS
    event.custom_attributes = {"place": "footer", "weekly": True, "position": 3}
    event.custom_flags = {"flag": "on"}
    event.location = mparticle.GeoLocation(latitude=47.37, longitude=8.54)
    return event


def screen_view():
    event = mparticle.ScreenViewEvent()
    event.screen_name = "Cart"
    event.timestamp_unixtime_ms = NOW_MS
    return event


def purchase():
    product = mparticle.Product()
    product.id, product.name, product.brand = "sku-7", "Shirt", "House"
    product.price, product.quantity, product.total_product_amount = 19.9, 2, 39.8
    action = mparticle.ProductAction("purchase")
    action.products = [product]
    action.transaction_id = "order-1001"
    action.total_amount, action.tax_amount, action.shipping_amount = 45.7, 3.2, 5.9
    event = mparticle.CommerceEvent(action)
    event.currency_code = "EUR"
    event.timestamp_unixtime_ms = NOW_MS
    return event


def session_start():
    event = mparticle.SessionStartEvent()
    event.session_id = 12345678
    event.timestamp_unixtime_ms = NOW_MS
    return event


def session_end():
    event = mparticle.SessionEndEvent()
    event.session_id = 12345678
    event.session_duration_ms = 10_000
    event.timestamp_unixtime_ms = NOW_MS
    return event


def batch(customer, *events):
    made = mparticle.Batch()
    made.environment = "development"
    made.user_identities = mparticle.UserIdentities()
    made.user_identities.customerid = customer
    made.user_identities.email = f"{customer}@example.com"
    made.user_attributes = {"$city": "Zürich", "tier": "gold", "tags": ["a", "b"]}
    made.device_info = mparticle.DeviceInformation()
    made.device_info.platform = "iOS"
    made.device_info.os_version = "18.1"
    made.device_info.ios_advertising_id = "07d2ebaa-e956-407e-a1e6-f05f871bf4e2"
    made.device_info.att_authorization_status = "authorized"
    made.device_info.att_timestamp_unixtime_ms = NOW_MS
    made.application_info = mparticle.ApplicationInformation()
    made.application_info.application_name = "Shop"
    made.application_info.application_version = "2.1.0"
    made.consent_state = mparticle.ConsentState()
    gdpr = mparticle.GDPRConsentState()
    gdpr.consented, gdpr.timestamp_unixtime_ms, gdpr.document = True, NOW_MS, "terms.v2"
    made.consent_state.gdpr = {"marketing": gdpr}
    made.events = list(events)
    return made


def main(base_url):
    configuration = mparticle.Configuration()
    configuration.api_key, configuration.api_secret = "key", "secret"
    configuration.host = base_url
    api = mparticle.EventsApi(configuration)
    singles = [
        batch("python-1", custom_event()),
        batch("python-2", screen_view(), purchase()),
        batch("python-3", session_start(), session_end()),
    ]
    for single in singles:
        api.upload_events(single)
    many = [batch(f"python-bulk-{n}", custom_event(), screen_view(), purchase()) for n in range(20)]
    api.bulk_upload_events(many)
    print(f"python: {len(singles) + len(many)} batches in {len(singles) + 1} requests")


main(sys.argv[1])
