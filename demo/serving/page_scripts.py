"""Two functions of Gradio's page, which take most of its time where a page has hundreds of components.

Gradio walks through the tree of components for each one that it looks for, and while an event runs it looks for every
component that an event has written since the page was opened, several times. At the opening it compares every component
with every event handler. The replacements list the places and the events of all components once, and list the places
anew if a component is no longer at its place; the results are the same. Scripts in which these functions are not found
are left as they are.
"""

import re

_FIND = re.compile(
    r"function (\w+)\((\w+),(\w+)\)\{if\(\2\.id===\3\)return \2;"
    r"if\(\2\.children\)for\(let (\w+) of \2\.children\)\{let \2=\1\(\4,\3\);if\(\2\)return \2\}return null\}"
)
_FIND_BY_PLACE = """\
function \\1(root,id){
  if(id===null)return null; // handlers without a component look up null
  const places=\\1.places??=new WeakMap;
  const found=()=>{
    let node=root;
    for(const i of places.get(root)?.get(id)??[])node=node?.children?.[i];
    return node?.id===id?node:null
  };
  const list=()=>{
    const paths=new Map;
    const add=(node,path)=>{
      if(!paths.has(node.id))paths.set(node.id,path);
      node.children?.forEach((child,i)=>add(child,[...path,i]))
    };
    add(root,[]);
    places.set(root,paths)
  };
  return found()??(list(),found())
}"""
_ATTACHED = re.compile(
    r"find_attached_events\((\w+),(\w+)\)\{let (\w+)="
    r"\2\.filter\(\2=>\2\.targets\.find\(\(\[\2\]\)=>\2===\1\.id\)\)"
    r"\.map\(\2=>\{let \3=\2\.targets\.find\(\(\[\2\]\)=>\2===\1\.id\);return \3\?\3\[1\]:null\}\)\.filter\(Boolean\);"
)
_ATTACHED_BY_COMPONENT = """\
find_attached_events(\\1,\\2){
  let listed=this.listed;
  if(listed?.handlers!==\\2||listed.count!==\\2.length){
    listed=this.listed={handlers:\\2,count:\\2.length,events:new Map};
    for(const handler of \\2){
      const seen=new Set;
      for(const [id,event] of handler.targets){
        if(seen.has(id))continue;
        seen.add(id);
        if(!listed.events.has(id))listed.events.set(id,[]);
        if(event)listed.events.get(id).push(event)
      }
    }
  }
  let \\3=[...listed.events.get(\\1.id)??[]];"""
REPLACEMENTS = ((_FIND, _FIND_BY_PLACE), (_ATTACHED, _ATTACHED_BY_COMPONENT))
"""Each function as Gradio has it, and its replacement."""


def with_replacements(script: bytes) -> bytes:
    """A script of Gradio's page with the two functions replaced; one without them as it is."""
    text = script.decode("utf-8", errors="surrogateescape")
    for had, has in REPLACEMENTS:
        text = had.sub(has, text)
    return text.encode("utf-8", errors="surrogateescape")
