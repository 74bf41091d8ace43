//! Batches as real traffic has them, made from a seed: names, escapes, Unicode, all kinds of events. The same seed gives
//! the same bytes. Shared by the tests and the benchmark.

/// 2026-01-15 00:00:00 UTC: the time that the batches are checked at.
pub const NOW_MS: i64 = 1_768_435_200_000;

const DAY_MS: i64 = 86_400_000;

/// Every kind of event that can be sent.
const KINDS: [&str; 17] = [
    "custom_event",
    "screen_view",
    "commerce_event",
    "session_start",
    "session_end",
    "application_state_transition",
    "push_message",
    "crash_report",
    "opt_out",
    "first_run",
    "uninstall",
    "push_registration",
    "network_performance",
    "breadcrumb",
    "profile",
    "user_attribute_change",
    "user_identity_change",
];

/// Texts between their quotes.
const TEXTS: [&str; 16] = [
    "Checkout started",
    "Product viewed",
    "newsletter",
    "gold",
    "https:\\/\\/shop.example.com\\/c\\/shoes?size=44&colour=red",
    "https://shop.example.com/search?q=winter+boots&page=3",
    "Ünïcödé straße",
    "東京都渋谷区",
    "Zo\\u00eb said \\\"hello\\\"",
    "line one\\nline two\\tend",
    "🎉 Sale",
    "\\ud83d\\ude00 smile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2",
    "C:\\\\Temp\\\\file.txt",
    "yes",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore",
];

const NAMES: [&str; 16] = [
    "category",
    "page",
    "source",
    "referrer",
    "plan",
    "store id",
    "colour",
    "größe",
    "position",
    "is_member",
    "score",
    "coupon_code",
    "campaign name",
    "experiment_variant",
    "cart.total",
    "last_purchase_date",
];

/// A small generator of numbers that look random.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the list.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Sizes of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// About 0.8 KB: one or two events.
    Small,
    /// 2 to 8 KB: several kinds of events.
    Mixed,
    /// About 90 KB.
    Large,
}

/// A batch without a fault.
pub fn batch(random: &mut Random, size: Size) -> String {
    let events = match size {
        Size::Small => 1,
        Size::Mixed => 3 + random.below(8),
        Size::Large => 160,
    };
    let kinds: Vec<&str> = (0..events)
        .map(|_| if random.one_in(2) { KINDS[random.below(3)] } else { random.pick(&KINDS) })
        .collect();
    let events: Vec<String> = kinds.into_iter().map(|kind| event(random, kind)).collect();
    let mut members = vec![
        format!("\"source_request_id\":\"{}\"", uuid(random)),
        format!("\"environment\":\"{}\"", if random.one_in(50) { "development" } else { "production" }),
        format!("\"events\":[{}]", events.join(",")),
        format!("\"user_attributes\":{}", user_attributes(random)),
        format!(
            "\"user_identities\":{{\"customer_id\":\"{}\",\"email\":\"user{}@example.com\",\"other\":null}}",
            uuid(random),
            random.below(100_000)
        ),
    ];
    if random.one_in(2) {
        members.push(format!("\"mpid\":{}", (random.next() | 1) as i64));
    }
    if size != Size::Small || random.one_in(10) {
        members.push(format!("\"device_info\":{}", device(random)));
        members.push("\"schema_version\":2,\"application_info\":{\"application_name\":\"Shop\",\"application_version\":\"4.2.1\",\"package\":\"com.example.shop\",\"os\":\"IOS\"}".into());
    }
    if random.one_in(if size == Size::Small { 9 } else { 3 }) {
        members.push(format!(
            "\"ip\":\"{}\",\"consent_state\":{{\"gdpr\":{{\"analytics\":{{\"consented\":true,\"timestamp_unixtime_ms\":{},\"document\":\"v{}\"}}}},\"ccpa\":null}}",
            random.pick(&["203.0.113.9", "2001:db8::17"]),
            time(random),
            random.below(9)
        ));
    }
    if random.one_in(4) {
        members.push("\"deleted_user_attributes\":[\"old one\",\"older\"],\"integration_attributes\":{\"160\":{\"client_id\":\"abc.123\"}}".into());
    }
    if random.one_in(4) {
        let place = location(random);
        members.push(format!(
            "\"context\":{{\"data_plan\":{{\"plan_id\":\"mobile\",\"plan_version\":3}},\"location\":{place}}}"
        ));
    }
    for last in (1..members.len()).rev() {
        members.swap(last, random.below(last + 1));
    }
    format!("{{{}}}", members.join(","))
}

/// A corpus of at least so many bytes, a batch an entry.
pub fn corpus(size: Size, bytes: usize) -> Vec<Vec<u8>> {
    let mut random = Random(size as u64 + 1);
    let mut made = 0;
    let mut batches = Vec::new();
    while made < bytes {
        let batch = batch(&mut random, size).into_bytes();
        made += batch.len();
        batches.push(batch);
    }
    batches
}

fn uuid(random: &mut Random) -> String {
    let (a, b) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

fn time(random: &mut Random) -> i64 {
    NOW_MS - random.below(20 * DAY_MS as usize) as i64
}

fn value(random: &mut Random) -> String {
    match random.below(10) {
        0 => random.below(100_000).to_string(),
        1 => format!("{}.{:02}", random.below(1000), random.below(100)),
        2 => random.pick(&["true", "false"]).to_owned(),
        3 => "null".to_owned(),
        _ => format!("\"{}\"", random.pick(&TEXTS)),
    }
}

fn attributes(random: &mut Random) -> String {
    let first = random.below(NAMES.len());
    let members: Vec<String> = (0..random.below(9))
        .map(|index| format!("\"{}\":{}", NAMES[(first + index) % NAMES.len()], value(random)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn user_attributes(random: &mut Random) -> String {
    format!(
        "{{\"$firstname\":\"Zoë\",\"$city\":\"Berlin\",\"plan\":\"{}\",\"sizes\":[\"43\",\"44\"],\"score\":{},\"newsletter\":true}}",
        random.pick(&["gold", "basic"]),
        random.below(100)
    )
}

fn location(random: &mut Random) -> String {
    format!(
        "{{\"latitude\":{}.{},\"longitude\":-{}.{},\"country_code\":\"DE\",\"accuracy\":null}}",
        1 + random.below(80),
        random.below(1_000_000),
        1 + random.below(170),
        random.below(1_000_000)
    )
}

fn device(random: &mut Random) -> String {
    format!(
        "{{\"brand\":\"iPhone14,2\",\"device_manufacturer\":\"Apple\",\"platform\":\"iOS\",\"os_version\":\"17.2.1\",\"locale_country\":\"DE\",\"locale_language\":\"de\",\"screen_height\":2532,\"screen_width\":1170,\"is_tablet\":false,\"timezone_offset\":1,\"ios_idfv\":\"{}\",\"limit_ad_tracking\":true,\"network_carrier\":null}}",
        uuid(random)
    )
}

fn product(random: &mut Random) -> String {
    format!(
        "{{\"id\":\"SKU-{}\",\"name\":\"{}\",\"brand\":\"Acme\",\"category\":\"Shoes\",\"price\":{}.95,\"quantity\":{},\"custom_attributes\":{{\"colour\":\"red\",\"size\":\"44\"}}}}",
        random.below(100_000),
        random.pick(&TEXTS),
        random.below(500),
        1 + random.below(3)
    )
}

fn commerce(random: &mut Random) -> String {
    let products: Vec<String> = (0..1 + random.below(3)).map(|_| product(random)).collect();
    let products = products.join(",");
    match random.below(3) {
        0 => format!(
            "\"promotion_action\":{{\"action\":\"view\",\"promotions\":[{{\"id\":\"p-1\",\"name\":\"{}\",\"position\":\"top\"}}]}}",
            random.pick(&TEXTS)
        ),
        1 => format!(
            "\"product_impressions\":[{{\"product_impression_list\":\"search\",\"products\":[{products}]}}],\"screen_name\":\"Search\""
        ),
        _ => format!(
            "\"product_action\":{{\"action\":\"{}\",\"transaction_id\":\"t-{}\",\"total_amount\":{}.5,\"products\":[{products}]}},\"currency_code\":\"EUR\"",
            random.pick(&["purchase", "add_to_cart", "checkout"]),
            random.below(1_000_000),
            random.below(1000)
        ),
    }
}

fn own_members(random: &mut Random, kind: &str) -> String {
    let text = random.pick(&TEXTS);
    match kind {
        "custom_event" => format!(
            "\"event_name\":\"{text}\",\"custom_event_type\":\"{}\"",
            random.pick(&["navigation", "other", "search", "transaction"])
        ),
        "screen_view" => format!("\"screen_name\":\"{text}\",\"activity_type\":null"),
        "commerce_event" => commerce(random),
        "session_end" => format!("\"session_duration_ms\":{}", random.below(100_000)),
        "application_state_transition" => {
            if random.one_in(2) {
                "\"application_transition_type\":\"application_initialized\",\"is_first_run\":true,\"is_upgrade\":false".into()
            } else {
                "\"application_transition_type\":\"application_background\",\"is_first_run\":false".into()
            }
        }
        "push_message" => "\"push_message_token\":\"t\",\"push_message_type\":\"action\",\"push_notification_payload\":\"{\\\"a\\\":1}\",\"push_message_behavior\":\"Received\",\"action_identifier\":\"open\"".into(),
        "crash_report" => format!(
            "\"severity\":\"error\",\"message\":\"{text}\",\"exception_handled\":false,\"stack_trace\":\"at main\\n\\tat start\",\"breadcrumbs\":[{{\"event_type\":\"breadcrumb\",\"data\":{{\"label\":\"tap\"}}}}]"
        ),
        "opt_out" => "\"is_opted_out\":true".into(),
        "push_registration" => "\"register\":true,\"registration_token\":\"token-1\"".into(),
        "network_performance" => "\"url\":\"https://api.example.com/v1\",\"response_code\":200,\"time_elapsed\":120,\"http_verb\":\"GET\"".into(),
        "breadcrumb" => format!("\"label\":\"{text}\",\"session_number\":3"),
        "profile" => "\"previous_mpid\":null,\"current_mpid\":17,\"profile_event_type\":\"login\"".into(),
        "user_attribute_change" => "\"user_attribute_name\":\"plan\",\"new\":\"gold\",\"old\":[\"basic\",\"free\"],\"deleted\":false".into(),
        "user_identity_change" => "\"new\":{\"identity_type\":\"email\",\"identity\":\"a@example.com\",\"timestamp_unixtime_ms\":null},\"old\":null".into(),
        _ => String::new(),
    }
}

fn event(random: &mut Random, kind: &str) -> String {
    let mut members = vec![
        format!("\"timestamp_unixtime_ms\":{}", time(random)),
        format!("\"source_message_id\":\"{}\"", uuid(random)),
        format!("\"session_uuid\":\"{}\"", uuid(random)),
        format!("\"session_start_unixtime_ms\":{}", time(random)),
        format!("\"custom_attributes\":{}", attributes(random)),
    ];
    let own = own_members(random, kind);
    if !own.is_empty() {
        members.push(own);
    }
    if random.one_in(5) {
        members.push(format!("\"location\":{}", location(random)));
    }
    if random.one_in(4) {
        members.push(
            "\"custom_flags\":{\"Google.Category\":\"shop\"},\"event_num\":12,\"data_connection_type\":null"
                .into(),
        );
    }
    let data = members.join(",");
    if random.one_in(4) {
        format!("{{\"data\":{{{data}}},\"event_type\":\"{kind}\"}}")
    } else {
        format!("{{\"event_type\":\"{kind}\",\"data\":{{{data}}}}}")
    }
}
