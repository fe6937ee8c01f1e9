"""Request bodies and answers, one noun a file; TypeScript's types are generated from them."""
