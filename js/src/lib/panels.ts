// Showing another panel of the dashboard that a widget is in.

const FLASH_MS = 1_200;

/** How to show a panel by its title; null for a widget that is in no dashboard. */
export function panelsAround(el: Element): ((title: string) => boolean) | null {
  const dashboard = el.closest(".rtw-dash");
  if (!dashboard) return null;
  return (title) => {
    const panel = [...dashboard.querySelectorAll<HTMLElement>(".rtw")].find(
      (card) => card !== dashboard && card.getAttribute("aria-label") === title,
    );
    if (!panel) return false;
    panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
    panel.classList.add("rtw--flash");
    setTimeout(() => panel.classList.remove("rtw--flash"), FLASH_MS);
    return true;
  };
}
