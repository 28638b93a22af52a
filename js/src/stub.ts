// The front end of every widget: finds the kit of its build and hands its model and element over to it.
//
// A host sends and saves it with every widget, so nothing else belongs here.

import type { AnyWidget } from "./lib/afm.ts";
import { BUILD } from "./lib/build.ts";
import { kitSlot, withKit } from "./lib/kit_slot.ts";

/** A kernel sends its relay before its widgets, so the kit is there in a moment or does not come. */
const GRACE_MS = 5_000;

export default (): AnyWidget => {
  const slot = kitSlot(BUILD);
  let widget: AnyWidget | null = null;
  return {
    initialize: (props) =>
      withKit(slot, props.signal, (kit) => {
        widget = kit.widget();
        return widget.initialize(props);
      }),

    render(props) {
      const { el, signal } = props;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const say = (text: string): void => {
        if (slot.kit === null && !signal?.aborted) el.textContent = text;
      };
      const sayFault = (): void => {
        if (slot.fault) say(`rtwidgets can't show this widget: ${slot.fault}`);
      };
      const stopHearing = slot.onChange(sayFault);
      const settle = (): void => {
        clearTimeout(timer);
        stopHearing();
      };
      if (slot.kit === null) {
        timer = setTimeout(() => slot.fault || say("No kernel of this page has brought the front end of rtwidgets: run the notebook's cells again."), GRACE_MS);
        sayFault();
      }
      const end = withKit(slot, signal, (kit) => {
        settle();
        el.textContent = "";
        return (widget ??= kit.widget()).render(props);
      });
      signal?.addEventListener("abort", settle, { once: true });
      return () => {
        settle();
        end();
      };
    },
  };
};
