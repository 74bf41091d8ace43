//! Short ways to make products, promotions and what is done with them.

use super::{Number, Product, ProductAction, ProductActionType, Promotion};

impl Product {
    /// A product by its id in your shop and its name.
    #[must_use]
    pub fn of(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: Some(id.into()), name: Some(name.into()), ..Self::default() }
    }

    /// Sets unit price and quantity, and the total amount as their product.
    ///
    /// The total is rounded to four decimals, so that `3 × 19.9` is 59.7 and not 59.699999999999996.
    #[must_use]
    pub fn priced(mut self, price: impl Into<Number>, quantity: impl Into<Number>) -> Self {
        let (price, quantity) = (price.into(), quantity.into());
        self.total_product_amount = Some(rounded(price.as_f64() * quantity.as_f64()));
        self.price = Some(price);
        self.quantity = Some(quantity);
        self
    }

    /// Sets one custom attribute. Product attributes are text only in the published schemas.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.custom_attributes.get_or_insert_default().insert(name.into(), value.into());
        self
    }
}

impl ProductAction {
    /// Something done with the given products; the total amount is the sum of theirs, where they have one.
    #[must_use]
    pub fn of(action: ProductActionType, products: impl IntoIterator<Item = Product>) -> Self {
        let products: Vec<_> = products.into_iter().collect();
        let amounts: Option<Vec<f64>> =
            products.iter().map(|product| product.total_product_amount.map(Number::as_f64)).collect();
        let mut made = Self::new(action);
        made.total_amount =
            amounts.filter(|amounts| !amounts.is_empty()).map(|amounts| rounded(amounts.iter().sum()));
        made.products = Some(products);
        made
    }
}

impl Promotion {
    /// A promotion by its id and its name.
    #[must_use]
    pub fn of(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: Some(id.into()), name: Some(name.into()), ..Self::default() }
    }
}

/// Four decimals: more than any currency has, few enough to hide binary fractions.
fn rounded(amount: f64) -> Number {
    Number::Float((amount * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_and_show_no_binary_fractions() {
        let action = ProductAction::of(
            ProductActionType::Purchase,
            [Product::of("a", "A").priced(19.9, 3), Product::of("b", "B").priced(5, 1)],
        );
        assert_eq!(serde_json::to_string(&action.total_amount).unwrap(), "64.7");
        let products = action.products.unwrap();
        assert_eq!(serde_json::to_string(&products[0].total_product_amount).unwrap(), "59.7");
        assert_eq!(serde_json::to_string(&products[1].price).unwrap(), "5");
    }

    #[test]
    fn a_product_without_a_price_leaves_the_total_open() {
        let action = ProductAction::of(ProductActionType::Click, [Product::of("a", "A")]);
        assert_eq!(action.total_amount, None);
        assert_eq!(ProductAction::of(ProductActionType::Click, []).total_amount, None);
    }
}
