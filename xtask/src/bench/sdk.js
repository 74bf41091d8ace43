// Posts REQUESTS bulk requests of a hundred batches each to BASE_URL with the official Node SDK.
const mParticle = require("mparticle");

const [url, requests] = [process.argv[2], Number(process.argv[3])];
const api = new mParticle.EventsApi(new mParticle.Configuration("key", "secret"));
api.apiClient.basePath = url;

function batch(number) {
  const made = new mParticle.Batch(mParticle.Batch.Environment.development);
  made.user_identities = new mParticle.UserIdentities();
  made.user_identities.customer_id = `customer-${number}`;
  made.user_attributes = { tier: "gold", city: "Hamburg" };
  const event = new mParticle.AppEvent(mParticle.AppEvent.CustomEventType.navigation, "Product viewed");
  event.timestamp_unixtime_ms = 1768435200000;
  event.custom_attributes = { category: "shoes", page: "3" };
  made.addEvent(event);
  return made;
}

function next(request) {
  if (request === requests) return;
  const batches = Array.from({ length: 100 }, (_, n) => batch(request * 100 + n));
  api.bulkUploadEvents(batches, (error) => {
    if (error) {
      console.error(error);
      process.exit(1);
    }
    next(request + 1);
  });
}
next(0);
