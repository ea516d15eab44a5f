# The program in the first comment of huecry.h, without the comment's own margin.
/#include <huecry\/huecry.h>/ && !done { inside = 1 }
inside { sub(/^ \*     /, ""); sub(/^ \*$/, ""); print }
inside && /^}/ { inside = 0; done = 1 }
