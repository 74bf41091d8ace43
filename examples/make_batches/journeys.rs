//! What happens in the shop: one function for each kind of batch its backend sends.

use serde_json::{Map, Value, json};

use crate::shop::{self, Customer, Random, amount};

/// Events of one batch, each a few seconds after the one before.
struct Story {
    events: Vec<Value>,
    started_ms: i64,
    now_ms: i64,
    session: String,
}

impl Story {
    fn begin(now_ms: i64, random: &mut Random) -> Self {
        Self { events: Vec::new(), started_ms: now_ms, now_ms, session: random.uuid() }
    }

    fn add(&mut self, kind: &str, data: Value, random: &mut Random) {
        let mut data = if let Value::Object(members) = data { members } else { Map::new() };
        data.insert("timestamp_unixtime_ms".into(), json!(self.now_ms));
        data.insert("session_uuid".into(), json!(self.session));
        data.insert("source_message_id".into(), json!(random.uuid()));
        self.events.push(json!({ "event_type": kind, "data": data }));
        self.now_ms += 1_000 + i64::try_from(random.below(9_000)).unwrap_or_default();
    }

    fn custom(&mut self, name: &str, kind: &str, attributes: Value, random: &mut Random) {
        let data = json!({ "event_name": name, "custom_event_type": kind, "custom_attributes": attributes });
        self.add("custom_event", data, random);
    }
}

/// Batch number `index` of the file.
pub fn batch(index: usize, now_ms: i64, random: &mut Random) -> Value {
    let who = shop::customer(random);
    let platform = *random.pick(&["web", "web", "web", "iOS", "Android"]);
    // Seven batches are till receipts of a branch whose line was down: ten weeks old, so they belong on the historical path.
    let late = index % 43 == 21;
    let now_ms = if late { now_ms - 70 * 86_400_000 } else { now_ms };
    let mut story = Story::begin(now_ms, random);
    match index % 12 {
        _ if late => branch_sale(&mut story, &who, random),
        0 | 4 | 8 => visit(&mut story, &who, random),
        1 | 7 => order(&mut story, &who, random),
        2 => app_day(&mut story, &who, random),
        3 => parcel(&mut story, &who, random),
        5 => account(&mut story, &who, random),
        6 => push(&mut story, random),
        9 => search(&mut story, random),
        10 => refund(&mut story, &who, random),
        _ => trouble(&mut story, random),
    }
    let mut batch = json!({
        "environment": "production",
        "user_identities": who.identities(),
        "events": story.events,
        "context": { "data_plan": { "plan_id": "kestrel_shop", "plan_version": 4 } },
        "source_request_id": random.uuid(),
    });
    dress(&mut batch, &who, platform, now_ms, random);
    if index % 25 == 11 {
        // A few producers forget the id; the sender puts one in, so that a retry is not counted twice.
        remove(&mut batch, "source_request_id");
    }
    batch
}

/// Adds what only some batches carry: attributes, device, application, consent, location.
fn dress(batch: &mut Value, who: &Customer, platform: &str, now_ms: i64, random: &mut Random) {
    if random.chance(70) {
        batch["user_attributes"] = who.attributes(random);
    }
    if random.chance(80) {
        batch["device_info"] = who.device(platform, random);
        batch["ip"] = json!(format!("192.0.2.{}", 1 + random.below(250)));
    }
    if platform != "web" {
        let build = 400 + random.below(20);
        batch["application_info"] = json!({
            "application_name": "Kestrel", "application_version": "5.2.0",
            "application_build_number": build.to_string(), "package": "com.example.kestrel", "os": platform,
        });
    }
    if random.chance(30) {
        let purpose = |consented: bool| json!({ "consented": consented, "timestamp_unixtime_ms": now_ms, "document": "privacy-2026-03" });
        batch["consent_state"] =
            json!({ "gdpr": { "marketing": purpose(random.chance(60)), "analytics": purpose(true) } });
        if who.country == "US" {
            batch["consent_state"]["ccpa"] = json!({ "data_sale_opt_out": purpose(true) });
        }
    }
    if random.chance(25) {
        batch["context"]["location"] = who.location();
    }
}

fn visit(story: &mut Story, who: &Customer, random: &mut Random) {
    story.add("session_start", json!({}), random);
    for _ in 0..=random.below(3) {
        let page = *random.pick(&["Home", "Tents", "Clothing", "Shoes", "Guide: 3 días en Picos", "Sale"]);
        let data = json!({ "screen_name": page, "page_url": "https://shop.example.com/c/", "activity_type": "page" });
        story.add("screen_view", data, random);
    }
    let (seen, _) = shop::products(random, 4);
    let data =
        json!({ "product_impressions": [{ "product_impression_list": "category page", "products": seen }] });
    story.add("commerce_event", data, random);
    if random.chance(30) {
        let data = json!({ "promotion_action": { "action": "click", "promotions": [
            { "id": "W26-07", "name": "First snow −15 %", "creative": "banner-blue", "position": "top" },
        ] } });
        story.add("commerce_event", data, random);
    }
    if random.chance(60) {
        let (chosen, total) = shop::products(random, 1);
        let data = json!({
            "currency_code": who.currency,
            "product_action": { "action": "add_to_cart", "total_amount": amount(total), "products": chosen },
        });
        story.add("commerce_event", data, random);
    }
    let duration = story.now_ms - story.started_ms;
    story.add("session_end", json!({ "session_duration_ms": duration }), random);
}

fn order(story: &mut Story, who: &Customer, random: &mut Random) {
    let (bought, total) = shop::products(random, 3);
    let order = format!("K26-{:06}", 480_000 + random.below(90_000));
    let checkout = json!({
        "currency_code": who.currency,
        "product_action": { "action": "checkout", "checkout_step": 2, "checkout_options": "invoice", "products": bought },
    });
    story.add("commerce_event", checkout, random);
    let purchase = json!({
        "currency_code": who.currency,
        "product_action": {
            "action": "purchase", "transaction_id": order, "affiliation": "web shop", "products": bought,
            "total_amount": amount(total + 490), "shipping_amount": amount(490), "tax_amount": amount(total / 6),
            "coupon_code": if random.chance(20) { json!("SNOW15") } else { Value::Null },
        },
        "custom_attributes": { "payment": random.pick(&["card", "invoice", "wallet"]), "gift": random.chance(10) },
    });
    story.add("commerce_event", purchase, random);
    let attributes =
        json!({ "order": order, "note": "Leave with neighbour: \"M. Šimek\", 2nd floor\\back door" });
    story.custom("Order Confirmed", "transaction", attributes, random);
}

fn branch_sale(story: &mut Story, who: &Customer, random: &mut Random) {
    let (bought, total) = shop::products(random, 2);
    let data = json!({
        "currency_code": who.currency,
        "product_action": { "action": "purchase", "affiliation": "branch 12", "products": bought,
            "transaction_id": format!("B12-{:05}", random.below(90_000)), "total_amount": amount(total) },
    });
    story.add("commerce_event", data, random);
}

fn refund(story: &mut Story, who: &Customer, random: &mut Random) {
    let (returned, total) = shop::products(random, 1);
    let data = json!({
        "currency_code": who.currency,
        "product_action": { "action": "refund", "products": returned, "total_amount": amount(total),
            "transaction_id": format!("K26-{:06}", 470_000 + random.below(9_000)) },
        "custom_attributes": { "reason": random.pick(&["too small", "not as shown", "arrived broken 😞"]) },
    });
    story.add("commerce_event", data, random);
}

fn parcel(story: &mut Story, who: &Customer, random: &mut Random) {
    let number = format!("KX{:09}", random.below(999_999_999));
    let weight = amount(35 + i64::try_from(random.below(900)).unwrap_or_default());
    for step in ["Parcel Packed", "Parcel Handed Over", "Parcel Delivered"] {
        let attributes =
            json!({ "parcel": number, "weight_kg": weight, "to": format!("{} {}", who.zip, who.city) });
        story.custom(step, "other", attributes, random);
    }
}

fn account(story: &mut Story, who: &Customer, random: &mut Random) {
    let mpid = 7_346_244_611_012_968_789_i64 - i64::try_from(who.number).unwrap_or_default();
    let now_ms = story.now_ms;
    let login = json!({ "profile_event_type": "login", "current_mpid": mpid, "previous_mpid": mpid - 41 });
    story.add("profile", login, random);
    let tier = json!({ "user_attribute_name": "loyalty_tier", "old": "pine", "new": "oak", "is_new_attribute": false });
    story.add("user_attribute_change", tier, random);
    let identity = |mail: String, ago: i64| json!({ "identity_type": "email", "identity": mail, "timestamp_unixtime_ms": now_ms - ago });
    let change = json!({
        "old": identity(format!("{}@example.org", who.mail), 86_400_000 * 20),
        "new": identity(format!("{}.{}@example.com", who.mail, who.number % 100), 0),
    });
    story.add("user_identity_change", change, random);
    story.custom(
        "Newsletter Subscribed",
        "user_preference",
        json!({ "list": "trail notes", "double_opt_in": true }),
        random,
    );
}

fn app_day(story: &mut Story, who: &Customer, random: &mut Random) {
    let opened = json!({ "application_transition_type": "application_initialized", "is_first_run": random.chance(10), "is_upgrade": false });
    story.add("application_state_transition", opened, random);
    if random.chance(20) {
        story.add("first_run", json!({}), random);
        let token = random.uuid().replace('-', "");
        story.add("push_registration", json!({ "register": true, "registration_token": token }), random);
    }
    story.add(
        "screen_view",
        json!({ "screen_name": "Wish list", "view_controller": "WishListViewController" }),
        random,
    );
    let (wished, _) = shop::products(random, 1);
    let data = json!({ "currency_code": who.currency, "product_action": { "action": "add_to_wishlist", "products": wished } });
    story.add("commerce_event", data, random);
    let closed =
        json!({ "application_transition_type": "application_background", "successfully_closed": true });
    story.add("application_state_transition", closed, random);
}

fn push(story: &mut Story, random: &mut Random) {
    let token = random.uuid().replace('-', "");
    let payload = json!({ "campaign": "first-snow", "deeplink": "kestrel://sale/winter" }).to_string();
    let message = |kind: &str| {
        json!({
            "push_message_type": kind, "push_message_token": token, "push_notification_payload": payload,
            "message": "First snow in the hills ❄️", "network": "fcm", "application_state": "background",
        })
    };
    story.add("push_message", message("received"), random);
    if random.chance(40) {
        let mut tapped = message("action");
        tapped["action_identifier"] = json!("open_sale");
        story.add("push_message", tapped, random);
    }
}

fn search(story: &mut Story, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let words = *random.pick(&[
            "zelt 2 personen",
            "rope 60m",
            "gants chauds",
            "コーヒーフィルター",
            "jacket <200€>",
            "50% off",
        ]);
        let attributes = json!({ "query": words, "results": random.below(80), "sorted_by": "relevance" });
        story.custom("Search", "search", attributes, random);
    }
}

fn trouble(story: &mut Story, random: &mut Random) {
    story.add("breadcrumb", json!({ "label": "checkout opened" }), random);
    let slow = json!({
        "url": "https://api.example.com/v3/cart", "http_verb": "POST", "response_code": 503,
        "time_elapsed": 4_800 + random.below(900), "bytes_in": 312, "bytes_out": 1_904,
    });
    story.add("network_performance", slow, random);
    match random.below(4) {
        0 => story.add("opt_out", json!({ "is_opted_out": true }), random),
        1 => story.add("uninstall", json!({}), random),
        _ => {
            let crash = json!({
                "class_name": "java.lang.IllegalStateException", "severity": "error", "exception_handled": true,
                "message": "cart is empty", "stack_trace": "at com.example.kestrel.Cart.total(Cart.kt:81)\n\tat com.example.kestrel.Pay.go(Pay.kt:19)",
            });
            story.add("crash_report", crash, random);
        }
    }
}

/// Takes a member out of an object.
pub fn remove(object: &mut Value, name: &str) -> Option<Value> {
    object.as_object_mut().and_then(|members| members.remove(name))
}
