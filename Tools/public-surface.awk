# Turns symbol graphs, printed as `swift symbolgraph-extract -pretty-print` does, into one line for each
# symbol: its path, its declaration, and in brackets what a type conforms to. Knows the depth of a key
# by its indentation.

# The string of `"key": "string",`.
function text(line) {
  sub(/^ *"[A-Za-z]*": "/, "", line)
  return plain(line)
}

# The string of `string",`, its first quotation mark already gone.
function plain(line) {
  sub(/",?$/, "", line)
  gsub(/\\n */, " ", line)
  gsub(/\\"/, "\"", line)
  gsub(/\\\\/, "\\", line)
  return line
}

FNR == 1 { part = "" }
/^  "[a-z]+": [[{]/ {
  part = $1
  next
}

part == "\"symbols\":" {
  if ($0 == "    {") {
    path = declaration = id = list = ""
  } else if ($0 ~ /^    },?$/) {
    if (!(id in paths)) ids[++count] = id
    paths[id] = path
    declarations[id] = declaration
  } else if ($0 ~ /^      "[A-Za-z]+": \[$/) {
    list = $1
  } else if ($0 ~ /^      []}]/) {
    list = ""
  } else if ($0 ~ /^        "precise": /) {
    id = text($0)
  } else if (list == "\"pathComponents\":") {
    component = $0
    sub(/^ *"/, "", component)
    path = path (path == "" ? "" : ".") plain(component)
  } else if (list == "\"declarationFragments\":" && $0 ~ /^          "spelling": /) {
    declaration = declaration text($0)
  }
}

part == "\"relationships\":" {
  if ($0 == "    {") kind = source = target = fallback = ""
  if ($1 == "\"kind\":") kind = text($0)
  if ($1 == "\"source\":") source = text($0)
  if ($1 == "\"target\":") target = text($0)
  if ($1 == "\"targetFallback\":") fallback = text($0)
  if ($0 ~ /^    },?$/ && kind ~ /^(conformsTo|inheritsFrom)$/ && !((source, target) in seen)) {
    seen[source, target] = 1
    links++
    linkSource[links] = source
    linkTarget[links] = target
    linkName[links] = fallback
  }
}

END {
  for (i = 1; i <= links; i++) {
    name = linkTarget[i] in paths ? paths[linkTarget[i]] : linkName[i]
    sub(/^Swift\./, "", name)
    # What a type is unless it says otherwise.
    if (name ~ /^(SendableMetatype|Copyable|Escapable)$/) continue
    # In order, whatever order they come in.
    count2 = split(conformances[linkSource[i]], names, ", ")
    joined = ""
    for (j = 1; j <= count2; j++) {
      if (name != "" && name < names[j]) {
        joined = joined (joined == "" ? "" : ", ") name
        name = ""
      }
      joined = joined (joined == "" ? "" : ", ") names[j]
    }
    if (name != "") joined = joined (joined == "" ? "" : ", ") name
    conformances[linkSource[i]] = joined
  }
  for (i = 1; i <= count; i++) {
    id = ids[i]
    if (paths[id] == "") continue
    print paths[id] "  " declarations[id] (id in conformances ? "  [" conformances[id] "]" : "")
  }
}
