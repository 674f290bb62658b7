//! Quantities from text and back.

use lutetia_units::{Dimension, Quantity, Unit, UnitError, UnitSystem};

fn q(text: &str) -> Quantity {
    Quantity::parse(text).expect(text)
}

fn u(text: &str) -> Unit {
    Unit::parse(text).expect(text)
}

#[test]
fn exact_units_of_the_field() {
    for (text, unit, expected) in [
        ("2.4 L/h", "mL/min", 40.0),
        ("7.4 GBq", "MBq", 7400.0),
        ("1 mGy/(MBq s)", "Gy/(MBq h)", 3.6),
        ("1 nM", "nmol/L", 1.0),
        ("30 %", "1", 0.3),
        ("2.76 L/nmol/h", "L/(nmol h)", 2.76),
        ("1 MBq·h", "MBq s", 3600.0),
        ("1 mCi", "MBq", 37.0),
        ("1 m²", "cm^2", 1e4),
        ("5 µg/L", "ug/L", 5.0),
        ("-3.5e-2 1/min", "h^-1", -2.1),
    ] {
        let found = q(text).to(&u(unit)).expect(text);
        // Conversions are a product of a few exact powers of ten: a few ulps.
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{text} in {unit}: {found}");
    }
}

#[test]
fn exact_activity_never_becomes_mass_or_amount_by_itself() {
    for (text, unit) in
        [("7400 MBq", "mg"), ("7400 MBq", "nmol"), ("1 mg", "nmol"), ("1 Bq", "1/s")]
    {
        let error = q(text).to(&u(unit)).expect_err(text);
        assert!(matches!(error, UnitError::Mismatch { .. }), "{error}");
    }
    assert!(q("2 Gy").to(&u("Gy(RBE)")).is_err());
    assert!(q("2 Gy(BED)").to(&u("Gy(RBE)")).is_err());
}

#[test]
fn exact_faults_have_places() {
    let UnitError::Unknown { symbol, suggestion, start, end } =
        Quantity::parse("3 L/hh").expect_err("no such unit")
    else {
        panic!("another error")
    };
    assert_eq!((symbol.as_str(), start, end), ("hh", 4, 6));
    assert_eq!(suggestion.as_deref(), Some("h"));
    assert!(matches!(Quantity::parse("1e999 h"), Err(UnitError::NonFinite { .. })));
    assert!(matches!(Quantity::parse("MBq"), Err(UnitError::Syntax { .. })));
    assert!(matches!(Quantity::parse("1 L^99"), Err(UnitError::Syntax { .. })));
}

#[test]
fn exact_internal_units_are_coherent() {
    let system = UnitSystem::new(&u("min"), &u("nmol"), &u("mL")).expect("dimensions fit");
    assert!((system.to_internal(&q("1 nmol/L")) - 1e-3).abs() < 1e-15);
    assert!((system.to_internal(&q("6 Gy/h")) - 0.1).abs() < 1e-12);
    assert!((system.to_internal(&q("1 GBq")) - 1000.0).abs() < 1e-9);
    assert_eq!(system.unit_of(q("1 L/h").dimension()).symbol(), "mL/min");
    assert_eq!(system.unit_of(Dimension::DOSE_RATE).symbol(), "Gy/min");
    assert_eq!(system.unit_of(q("1 L/nmol/h").dimension()).symbol(), "mL/nmol/min");
    assert_eq!(system.unit_of(q("1 Gy/(MBq h)").dimension()).symbol(), "Gy/MBq/min");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prop_no_text_panics(text in ".{0,60}") {
            let _ = Quantity::parse(&text);
            let _ = Unit::parse(&text);
        }

        #[test]
        fn prop_printing_and_reading_give_the_same(
            value in -1e12f64..1e12,
            unit in prop::sample::select(vec![
                "h", "nmol/L", "L/nmol/h", "mGy/(MBq s)", "Gy(RBE)", "%", "1", "MBq·h", "m²", "1/min",
            ]),
        ) {
            let quantity = Quantity::new(value, u(unit));
            prop_assert_eq!(&Quantity::parse(&quantity.to_string()).expect("printed"), &quantity);
        }
    }
}
