// A figure saved as a picture is named after its element, with twice the resolution of the screen.
() => document.addEventListener("click", ({ target }) => {
  const figure = target.closest?.(".modebar-btn")?.closest(".js-plotly-plot");
  const place = figure?.closest("[id^=ph-]");
  if (place) figure._context.toImageButtonOptions = { filename: `polyhead-${place.id.slice(3)}`, scale: 2 };
}, true)
