package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseIn returns the texts of the licence and the notices in a folder.
func licenseIn(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("nobody knows where its licence is")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	pattern := regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice)([-._].*)?$`)
	var texts []string
	for _, e := range entries {
		if !e.Type().IsRegular() || !pattern.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n")))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("there is no licence in it")
	}
	return strings.Join(texts, "\n\n----\n\n"), nil
}

// licenseID returns the SPDX expression for a text, by what only one licence
// says; empty for one that is not known here, which has to be looked at before
// it may be in a release. Several are joined by AND: to keep to all of them is
// right whichever was meant.
func licenseID(text string) string {
	plain := strings.ToLower(strings.Join(strings.Fields(text), " "))
	var ids []string
	for _, l := range []struct{ id, says string }{
		{"Apache-2.0", "apache license version 2.0"},
		{"Apache-2.0", "licensed under the apache license, version 2.0"},
		{"Apache-2.0", "://www.apache.org/licenses/license-2.0"},
		{"BSD-3-Clause", "may be used to endorse or promote products"},
		{"CC0-1.0", "cc0 1.0 universal"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
		{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"MIT", "mit software license: https://opensource.org/licenses/mit"},
		{"MPL-2.0", "mozilla public license version 2.0"},
		{"MPL-2.0", "mozilla public license, version 2.0"},
		{"Unlicense", "free and unencumbered software released into the public domain"},
	} {
		if strings.Contains(plain, l.says) && !slices.Contains(ids, l.id) {
			ids = append(ids, l.id)
		}
	}
	if strings.Contains(plain, "redistribution and use in source and binary forms") && !slices.Contains(ids, "BSD-3-Clause") {
		ids = append(ids, "BSD-2-Clause")
	}
	return strings.Join(ids, " AND ")
}
