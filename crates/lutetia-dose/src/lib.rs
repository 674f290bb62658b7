//! Time-integrated activity, dose factors, absorbed dose.
