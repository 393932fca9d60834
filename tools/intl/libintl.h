/* GLib's build looks for the translations of GNU gettext; what is built here has none: each text is its own. */
#ifndef AEROSPIKE_LIBINTL_H
#define AEROSPIKE_LIBINTL_H

/* Windows has no such category: asked for it, setlocale answers NULL. The number is that of GNU gettext. */
#ifndef LC_MESSAGES
#define LC_MESSAGES 1729
#endif

char *gettext(const char *text);
char *dgettext(const char *domain, const char *text);
char *dcgettext(const char *domain, const char *text, int category);
char *ngettext(const char *one, const char *many, unsigned long number);
char *dngettext(const char *domain, const char *one, const char *many, unsigned long number);
char *textdomain(const char *domain);
char *bindtextdomain(const char *domain, const char *folder);
char *bind_textdomain_codeset(const char *domain, const char *codeset);

#endif
