//! `goherd lsp`: the linter in an editor.

use herd_patterns::Lang;

use crate::args::GlobalArgs;
use crate::args_lint::LspArgs;
use crate::exit::Exit;
use crate::output;

/// Serves an editor until it asks to end.
pub fn run(_args: &LspArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let lang = match output::lang(global) {
        herd_sinks::Lang::En => Lang::En,
        herd_sinks::Lang::ZhCn => Lang::Zh,
    };
    herd_lsp::serve_stdio(env!("CARGO_PKG_VERSION"), lang)?;
    Ok(Exit::Healthy)
}
