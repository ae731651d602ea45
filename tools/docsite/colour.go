package main

import (
	"html"
	"regexp"
	"strings"
)

// kinds are what is told apart in code, in the order in which they are tried.
func kinds(language string) (map[string]*regexp.Regexp, []string) {
	const double, single = `"(?:[^"\\\n]|\\.)*"`, `'(?:[^'\\\n]|\\.)*'`
	out := map[string]*regexp.Regexp{}
	set := func(kind, pattern string) { out[kind] = regexp.MustCompile(`^(?:` + pattern + `)`) }
	switch language {
	case "js", "ts", "javascript", "typescript", "json", "go":
		set("comment", `//[^\n]*|/\*(?s:.*?)\*/`)
		set("string", double+`|`+single+"|`[^`]*`")
		set("word", `\b(?:async|await|class|const|else|export|extends|for|function|if|import|from|interface|let|new|readonly|return|static|throw|type|of|in)\b`)
	case "toml", "sh", "yaml", "bash", "ini":
		set("comment", `#[^\n]*`)
		set("string", double+`|`+single)
		set("word", `\[\[?[\w. -]+\]?\]`)
		if language == "sh" || language == "bash" {
			set("word", `\b(?:for|in|do|done|if|then|else|fi|while)\b`)
		}
	case "html", "xml":
		set("comment", `<!--(?s:.*?)-->`)
		set("string", double)
		set("word", `</?[a-zA-Z][\w-]*|/?>`)
	case "console":
		set("prompt", `\$ `)
		set("comment", `#[^\n]*`)
	}
	return out, []string{"prompt", "comment", "string", "word"}
}

// colour marks comments, texts, words of a language and prompts. It knows no grammar,
// and what it does not know is written as it is.
func colour(language, code string) string {
	if language == "" && strings.HasPrefix(code, "$ ") {
		language = "console"
	}
	known, order := kinds(language)
	var b strings.Builder
	space := true // what is before: a comment and a prompt begin there only
	for rest := code; rest != ""; {
		kind, match := first(known, order, rest, space)
		if match == "" {
			match = rest[:1+len(rest[1:])-len(strings.TrimLeft(rest[1:], tail(rest[0])))]
		}
		if kind != "" {
			b.WriteString(`<span class="c-` + kind + `">` + html.EscapeString(match) + `</span>`)
		} else {
			b.WriteString(html.EscapeString(match))
		}
		space = strings.ContainsAny(match[len(match)-1:], " \t\n(")
		rest = rest[len(match):]
	}
	return b.String()
}

// letters are those that words are made of.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// tail is what belongs to a word that begins with c.
func tail(c byte) string {
	if strings.IndexByte(letters, c) >= 0 || c >= 0x80 {
		return letters
	}
	return ""
}

// first returns what code begins with.
func first(known map[string]*regexp.Regexp, order []string, code string, space bool) (kind, match string) {
	for _, kind := range order {
		if known[kind] == nil || !space && (kind == "prompt" || kind == "comment" && code[0] == '#') {
			continue
		}
		if m := known[kind].FindString(code); m != "" {
			return kind, m
		}
	}
	return "", ""
}
