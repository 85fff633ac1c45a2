"""The Label tab: texts are labelled while the model learns, and handed over."""

from demo.tabs.label.tab import LabelTab, build_label_tab, wire_hand_over

__all__ = ["LabelTab", "build_label_tab", "wire_hand_over"]
