/* A part of a map that is updated separately; it is stored for a map that is not on the page yet. */
const hand = () => {
  (window.phScatter ??= {})["MAP/PART"] = props.value;
  document.dispatchEvent(new CustomEvent("ph-scatter-part", { detail: "MAP" }));
};
watch("value", hand);
hand();
