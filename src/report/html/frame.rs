//! What all pages have: head, style, script, and small parts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is loaded from anywhere.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A whole document.
pub fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Text with `code` in back quotes set as code.
pub fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd quote is a quote.
    let pairs = parts.len() % 2 == 1;
    html! {
        @for (i, part) in parts.iter().enumerate() {
            @if !pairs && i > 0 { "`" }
            @if pairs && i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A link if it is one that a browser may follow; else the text.
pub fn link(target: &str) -> Markup {
    let followed = target.starts_with("https://") || target.starts_with("http://");
    html! { @if followed { a href=(target) rel="noreferrer" { (target) } } @else { (target) } }
}

/// Text to be copied, with a button that does it. The button is shown by the script, without which it can do nothing.
pub fn copyable(id: &str, text: &str) -> Markup {
    html! {
        div.copyable {
            pre id=(id) tabindex="0" { (text) }
            button.copy type="button" data-copy=(id) hidden { "Copy" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(prose("a `<b>` </script>").into_string(), "a <code>&lt;b&gt;</code> &lt;/script&gt;");
        assert_eq!(prose("one ` quote").into_string(), "one ` quote");
        assert_eq!(link("javascript:alert(1)").into_string(), "javascript:alert(1)");
        assert_eq!(copyable("x", "</pre>").into_string().matches("</pre>").count(), 1);
    }
}
