// Before the first paint: the theme this reader chose, if any.
try {
  const theme = localStorage.getItem("spinodal-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage is closed to this page: follow the system */ }
