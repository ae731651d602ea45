package node

import "golang.org/x/sys/windows"

// systemLanguages are those of the desktop's settings.
func systemLanguages() []string {
	names, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil {
		return nil
	}
	return names
}
