// Sends what a shop's backend would, with the official Node SDK: single batches, then a list. Usage: send.js BASE_URL
'use strict';

const mParticle = require('mparticle');

const now = Date.now();

function customEvent() {
  const event = new mParticle.AppEvent(mParticle.AppEvent.CustomEventType.navigation, 'Newsletter ordered');
  event.timestamp_unixtime_ms = now;
  event.custom_attributes = { place: 'footer', weekly: true, position: 3 };
  event.custom_flags = { flag: 'on', list: ['a', 'b'] };
  event.location = new mParticle.GeoLocation();
  event.location.latitude = 47.37;
  event.location.longitude = 8.54;
  return event;
}

function screenView() {
  const event = new mParticle.ScreenViewEvent();
  event.screen_name = 'Cart';
  event.timestamp_unixtime_ms = now;
  return event;
}

function purchase() {
  const product = new mParticle.Product();
  Object.assign(product, { id: 'sku-7', name: 'Shirt', price: 19.9, quantity: 2, total_product_amount: 39.8 });
  const action = new mParticle.ProductAction('purchase');
  Object.assign(action, { products: [product], transaction_id: 'order-1001', total_amount: 45.7, tax_amount: 3.2 });
  const event = new mParticle.CommerceEvent();
  event.product_action = action;
  event.currency_code = 'EUR';
  event.timestamp_unixtime_ms = now;
  return event;
}

function session() {
  const start = new mParticle.SessionStartEvent();
  const end = new mParticle.SessionEndEvent();
  start.session_id = end.session_id = 12345678;
  start.timestamp_unixtime_ms = end.timestamp_unixtime_ms = now;
  end.session_duration_ms = 10000;
  return [start, end];
}

function batch(customer, ...events) {
  const made = new mParticle.Batch(mParticle.Batch.Environment.development);
  made.user_identities = new mParticle.UserIdentities();
  made.user_identities.customerid = customer;
  made.user_identities.email = `${customer}@example.com`;
  made.user_attributes = { $city: 'Zürich', tier: 'gold', tags: ['a', 'b'] };
  made.device_info = new mParticle.DeviceInformation();
  made.device_info.platform = 'Android';
  made.device_info.os_version = '15';
  made.device_info.android_advertising_id = 'a26f9736-c262-47ea-988b-0b0504cee874';
  made.application_info = new mParticle.ApplicationInformation();
  made.application_info.application_name = 'Shop';
  made.application_info.application_version = '2.1.0';
  made.mp_deviceid = '59780f39-d7a0-4ebe-9950-280f937c29e2';
  made.consent_state = new mParticle.ConsentState();
  made.consent_state.gdpr = { marketing: new mParticle.GDPRConsentState('terms.v2', true, now) };
  made.consent_state.ccpa = { data_sale_opt_out: new mParticle.CCPAConsentState('terms.v3', true, now) };
  events.forEach((event) => made.addEvent(event));
  return made;
}

async function main(baseUrl) {
  const client = new mParticle.ApiClient();
  client.basePath = baseUrl;
  const api = new mParticle.EventsApi(new mParticle.Configuration('key', 'secret'), client);
  const upload = (method, body) =>
    new Promise((resolve, reject) => api[method](body, (error) => (error ? reject(error) : resolve())));

  const singles = [
    batch('node-1', customEvent()),
    batch('node-2', screenView(), purchase()),
    batch('node-3', ...session()),
  ];
  for (const single of singles) await upload('uploadEvents', single);
  const many = Array.from({ length: 20 }, (_, n) => batch(`node-bulk-${n}`, customEvent(), screenView(), purchase()));
  await upload('bulkUploadEvents', many);
  console.log(`node: ${singles.length + many.length} batches in ${singles.length + 1} requests`);
}

main(process.argv[2]).catch((error) => {
  console.error(`node: ${error}`, error.response ? error.response.text : '');
  process.exit(1);
});
