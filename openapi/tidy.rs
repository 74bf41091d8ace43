//! What we want otherwise in progenitor's output, and cannot ask it for: shorter docs, tolerant reading, constructors.

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, Fields, Ident, Item, ItemEnum, ItemImpl, ItemStruct, Type, parse_quote};

/// Rewrites one generated file.
///
/// - The JSON schema goes from doc comments; `JsonSchema` is derived behind its feature.
/// - A key that is required but may be null can also be absent when reading, and an integer or a boolean can be
///   text: the service takes both, and real payloads have both.
/// - Every struct with required members gets `new`; enums can grow without breaking a `match`.
pub struct Tidy;

impl VisitMut for Tidy {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        visit_mut::visit_file_mut(self, file);
        for item in &mut file.items {
            if let Item::Mod(module) = item
                && let Some((_, items)) = &mut module.content
            {
                add_constructors(items);
            }
        }
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain_mut(strip_schema_text);
    }

    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        if is_data(&item.attrs) {
            item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_item_enum_mut(&mut self, item: &mut ItemEnum) {
        if is_data(&item.attrs) {
            item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
            item.attrs.push(parse_quote!(#[non_exhaustive]));
        }
        document_variants(item);
        visit_mut::visit_item_enum_mut(self, item);
    }
}

fn add_constructors(items: &mut Vec<Item>) {
    let mut done = Vec::with_capacity(items.len());
    for mut item in items.drain(..) {
        let constructor = match &mut item {
            Item::Struct(data) if is_data(&data.attrs) => {
                let constructor = constructor(data);
                data.fields.iter_mut().for_each(tolerate);
                constructor
            }
            _ => None,
        };
        done.push(item);
        done.extend(constructor.map(Item::Impl));
    }
    *items = done;
}

/// `new` with the required members as arguments, in the order of the struct.
fn constructor(item: &ItemStruct) -> Option<ItemImpl> {
    let Fields::Named(fields) = &item.fields else { return None };
    let name = &item.ident;
    let mut arguments: Vec<syn::FnArg> = Vec::new();
    let mut values: Vec<syn::FieldValue> = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let inner = inside_option(&field.ty);
        if inner.is_some() && !is_required_null(field) {
            values.push(parse_quote!(#ident: ::std::option::Option::None));
            continue;
        }
        if field.attrs.iter().any(|attribute| serde_names(attribute, "default")) {
            values.push(parse_quote!(#ident: ::std::default::Default::default()));
            continue;
        }
        let (argument, value) = argument(ident, inner.unwrap_or(&field.ty));
        arguments.push(argument);
        values.push(match inner {
            Some(_) => parse_quote!(#ident: ::std::option::Option::Some(#value)),
            None => parse_quote!(#ident: #value),
        });
    }
    if arguments.is_empty() {
        return None;
    }
    Some(parse_quote! {
        impl #name {
            /// One with the required members; set the others as needed.
            #[must_use]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
        }
    })
}

fn argument(ident: &Ident, ty: &Type) -> (syn::FnArg, syn::Expr) {
    let Type::Path(path) = ty else { return (parse_quote!(#ident: #ty), parse_quote!(#ident)) };
    let converts =
        path.path.segments.last().is_some_and(|last| last.ident == "String" || last.ident == "Number");
    if converts {
        (parse_quote!(#ident: impl ::std::convert::Into<#ty>), parse_quote!(#ident.into()))
    } else {
        (parse_quote!(#ident: #ty), parse_quote!(#ident))
    }
}

/// The mark that the generator leaves on a member whose key is required while its value may be null.
fn is_required_null(field: &Field) -> bool {
    field.attrs.iter().any(|attribute| serde_names(attribute, "deserialize_with"))
}

fn tolerate(field: &mut Field) {
    let Some(inner) = inside_option(&field.ty) else { return };
    let is = |name: &str| matches!(inner, Type::Path(path) if path.path.is_ident(name));
    let reader = match () {
        () if is("i64") || is("u64") => Some("crate::types::tolerant::integer"),
        () if is("bool") => Some("crate::types::tolerant::boolean"),
        () => None,
    };
    field.attrs.retain(|attribute| !serde_names(attribute, "deserialize_with"));
    match reader {
        Some(reader) => field.attrs.push(parse_quote!(#[serde(default, deserialize_with = #reader)])),
        None => field.attrs.push(parse_quote!(#[serde(default)])),
    }
}

fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}

/// Says what each variant is on the wire, in place of its name repeated.
fn document_variants(item: &mut ItemEnum) {
    for variant in &mut item.variants {
        let wire = variant.attrs.iter().find_map(wire_name).unwrap_or_else(|| variant.ident.to_string());
        let text = format!(" `{wire}` on the wire.");
        variant.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
        variant.attrs.insert(0, parse_quote!(#[doc = #text]));
    }
}

fn wire_name(attribute: &Attribute) -> Option<String> {
    let mut name = None;
    if attribute.path().is_ident("serde") {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    name
}

fn serde_names(attribute: &Attribute, key: &str) -> bool {
    let mut found = false;
    if attribute.path().is_ident("serde") {
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident(key);
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    found
}

fn is_data(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let mut found = false;
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == "Serialize");
            Ok(())
        });
        found
    })
}

/// Cuts the `<details>` block with the JSON schema; false when nothing is left of the comment.
fn strip_schema_text(attribute: &mut Attribute) -> bool {
    let syn::Meta::NameValue(syn::MetaNameValue { path, value, .. }) = &attribute.meta else { return true };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = value else { return true };
    if !path.is_ident("doc") {
        return true;
    }
    let text = text.value();
    let kept = text.split_once("<details>").map_or(text.as_str(), |(kept, _)| kept).trim();
    if kept.is_empty() {
        return false;
    }
    let kept = format!(" {kept}");
    *attribute = parse_quote!(#[doc = #kept]);
    true
}
