# Every suppression says which library, symbol and why, and none names this project's code.
# awk -f check.awk FILE...
/^# library: .* symbol: .* reason: ./ { said = $0; next }
/^[[:space:]]*(#|$)/ { next }
{
    if (said == "") wrong("no line above it names library, symbol and reason")
    if (tolower($0) ~ /huecry|relay|tests?\/|\.cpp|\.hpp/) wrong("it names this project's code")
    if ($0 !~ /^[a-z_]+:[^*]/) wrong("a kind and a symbol are wanted, not a pattern for everything")
    said = ""
}
function wrong(why) { print FILENAME ":" FNR ": " why ": " $0; failed = 1 }
END { exit failed }
