//! The shop: who buys, what is sold, and a small random number generator to mix them with.

use serde_json::{Value, json};

/// SplitMix64: the same numbers on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A random (version 4) UUID.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

/// Somebody who buys here.
pub struct Customer {
    pub number: usize,
    pub first: &'static str,
    pub last: &'static str,
    pub mail: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    pub zip: &'static str,
    pub currency: &'static str,
    pub language: &'static str,
    pub latitude: f64,
    pub longitude: f64,
}

macro_rules! customers {
    ($($first:literal $last:literal $mail:literal $city:literal $country:literal $zip:literal $currency:literal
       $language:literal $latitude:literal $longitude:literal;)*) => {
        &[$(Customer {
            number: 0, first: $first, last: $last, mail: $mail, city: $city, country: $country, zip: $zip,
            currency: $currency, language: $language, latitude: $latitude, longitude: $longitude,
        },)*]
    };
}

const CUSTOMERS: &[Customer] = customers! {
    "Zoë" "Brandt" "zoe.brandt" "Hamburg" "DE" "20095" "EUR" "de" 53.5511 9.9937;
    "Søren" "Holm" "soren.holm" "Aarhus" "DK" "8000" "DKK" "da" 56.1629 10.2039;
    "Ana Lucía" "Ferreira" "ana.ferreira" "Porto" "PT" "4000-069" "EUR" "pt" 41.1579 -8.6291;
    "Priya" "Raman" "priya.raman" "Leeds" "GB" "LS1 4AP" "GBP" "en" 53.8008 -1.5491;
    "Daniel" "O'Connor" "daniel.oconnor" "Galway" "IE" "H91 E2R8" "EUR" "en" 53.2707 -9.0568;
    "Łukasz" "Wójcik" "lukasz.wojcik" "Kraków" "PL" "31-042" "PLN" "pl" 50.0647 19.945;
    "Grace" "Okafor" "grace.okafor" "Chicago" "US" "60607" "USD" "en" 41.8781 -87.6298;
    "Mateo" "Núñez" "mateo.nunez" "Valencia" "ES" "46001" "EUR" "es" 39.4699 -0.3763;
    "美咲" "田中" "misaki.tanaka" "京都市" "JP" "600-8216" "JPY" "ja" 35.0116 135.7681;
    "Chloé" "Lefèvre" "chloe.lefevre" "Grenoble" "FR" "38000" "EUR" "fr" 45.1885 5.7245;
    "Aino" "Mäkinen" "aino.makinen" "Tampere" "FI" "33100" "EUR" "fi" 61.4978 23.761;
    "Ruby" "Whitlam" "ruby.whitlam" "Hobart" "AU" "7000" "AUD" "en" -42.8821 147.3272;
};

/// A customer; the number makes sixty different people of the twelve.
pub fn customer(random: &mut Random) -> Customer {
    let template = random.pick(CUSTOMERS);
    let number = 10_400 + random.below(60);
    Customer { number, ..*template }
}

impl Customer {
    pub fn identities(&self) -> Value {
        json!({
            "customer_id": format!("C-{}", self.number),
            "email": format!("{}.{}@example.com", self.mail, self.number % 100),
        })
    }

    pub fn attributes(&self, random: &mut Random) -> Value {
        json!({
            "$firstname": self.first,
            "$lastname": self.last,
            "$city": self.city,
            "$country": self.country,
            "$zip": self.zip,
            "loyalty_tier": random.pick(&["none", "pine", "oak", "larch"]),
            "orders_total": random.below(40),
            "newsletter": random.chance(60),
            "favourite_sports": match random.below(4) {
                0 => json!(["climbing"]),
                1 => json!(["trail running", "hiking"]),
                2 => json!(["ski touring", "climbing", "bivouac"]),
                _ => json!(["kayaking"]),
            },
        })
    }

    pub fn location(&self) -> Value {
        json!({
            "latitude": self.latitude, "longitude": self.longitude, "accuracy": 1500,
            "city_name": self.city, "country_code": self.country, "location_source": "ip_lookup",
        })
    }

    /// A device of the given platform: `web`, `iOS`, `Android`.
    pub fn device(&self, platform: &str, random: &mut Random) -> Value {
        let mut device = match platform {
            "iOS" => json!({
                "brand": "iPhone16,1", "product": "iPhone16,1", "device_manufacturer": "Apple", "device_model": "iPhone16,1",
                "os_version": "20.1", "ios_idfv": random.uuid(), "att_authorization_status": "denied",
                "screen_width": 1179, "screen_height": 2556, "is_tablet": false,
            }),
            "Android" => json!({
                "brand": "Nothing", "device_manufacturer": "Nothing", "device_model": "A065", "os_version": "16",
                "android_advertising_id": random.uuid(), "network_carrier": "Example Mobile",
                "screen_width": 1080, "screen_height": 2412, "screen_dpi": 420, "limit_ad_tracking": false,
            }),
            _ => json!({
                "http_header_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "screen_width": 1920, "screen_height": 1080,
            }),
        };
        device["platform"] = json!(platform);
        device["locale_language"] = json!(self.language);
        device["locale_country"] = json!(self.country);
        device
    }
}

/// Number, name, brand, category, price in cents.
type Article = (&'static str, &'static str, &'static str, &'static str, i64);

const ARTICLES: &[Article] = &[
    ("KST-1001", "Two-person tent \"Lee\"", "Kestrel", "tents/mountain", 38_900),
    ("KST-1007", "Ridge bivouac bag", "Kestrel", "tents/bivouac", 12_950),
    ("KST-2010", "Wool shirt, long sleeve", "Fjällräv & Søn", "clothing/base layer", 8_490),
    ("KST-2044", "Rain jacket 3L", "Norrvik", "clothing/shells", 27_900),
    ("KST-2051", "Gants d’hiver", "Crête", "clothing/gloves", 5_995),
    ("KST-3003", "Trail shoe 8 mm", "Pika", "shoes/running", 13_500),
    ("KST-3019", "Approach shoe", "Pika", "shoes/climbing", 14_900),
    ("KST-4002", "Rope 9.5 mm × 60 m", "Tenaz", "climbing/ropes", 17_990),
    ("KST-4011", "Carabiner set (6)", "Tenaz", "climbing/hardware", 7_200),
    ("KST-5005", "Titanium pot 0.9 l", "Glød", "kitchen", 4_450),
    ("KST-5013", "Coffee filter ☕ foldable", "Glød", "kitchen", 1_690),
    ("KST-6001", "Headlamp 400 lm", "Lumen & Co", "lights", 6_900),
];

/// A few products, with their total in cents.
pub fn products(random: &mut Random, most: usize) -> (Vec<Value>, i64) {
    let mut total = 0;
    let mut products = Vec::new();
    for _ in 0..=random.below(most) {
        let (id, name, brand, category, cents) = *random.pick(ARTICLES);
        let quantity =
            if cents < 10_000 { 1 + i64::try_from(random.below(3)).unwrap_or_default() } else { 1 };
        total += cents * quantity;
        products.push(json!({
            "id": id, "name": name, "brand": brand, "category": category, "position": products.len() + 1,
            "variant": random.pick(&["S", "M", "L", "one size"]),
            "price": amount(cents), "quantity": quantity, "total_product_amount": amount(cents * quantity),
        }));
    }
    (products, total)
}

/// Cents as the amount that goes over the wire.
pub fn amount(cents: i64) -> Value {
    let units = cents / 100;
    if cents % 100 == 0 { json!(units) } else { json!(cents as f64 / 100.0) }
}
