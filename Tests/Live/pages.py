"""Pages whose pixels move, appear or change while their tree stays, or has no node for them."""
import random

# Rows of buttons with a secret below each, so that a wrong displacement shows a secret in a button's box. The buttons are small: one as
# large as a card is not shown in any case.
STYLE = """<style>body{margin:0;font:20px sans-serif}button{width:152px;height:50px;font-size:20px;margin:0 4px 0 0}.row{height:50px;
white-space:nowrap;overflow:hidden}b,.ink{color:#c80096;font:bold 24px/50px sans-serif}
#over{position:fixed;left:60px;top:60px;background:#fff;color:#c80096;font:bold 40px sans-serif;padding:12px}</style>"""
BUSY = "const busy=ms=>{const end=Date.now()+ms;while(Date.now()<end);};"


def rows(chance, count=40):
    return "<div id=rows>" + "".join(
        "<div class=row>" + "".join(f"<button>Row {n}.{k}</button>" for k in range(6)) + "</div><div class=row aria-hidden=true>"
        f"<b>SECRET-{chance.randint(1000, 9999)} Margarethe SECRET-{chance.randint(1000, 9999)} Margarethe 4471</b></div>"
        for n in range(count)
    ) + "</div>"


INK_TEXT = "SECRET-4471 Margarethe"
TOAST = f"const o=document.createElement('div');o.id='over';o.setAttribute('aria-hidden','true');o.textContent='{INK_TEXT}';document.body.append(o);"
PAGES = {
    # No node: text of a style sheet, with an empty alternative.
    "pseudo": dict(script="document.body.className='t'", extra=f"<style>body.t::after{{content:'{INK_TEXT}' / '';position:fixed;left:80px;top:120px;background:#fff;color:#c80096;font:bold 40px sans-serif}}</style>"),
    "shadow": dict(script=f"const h=document.createElement('div');h.inert=true;const s=h.attachShadow({{mode:'closed'}});s.innerHTML='<div style=\"position:fixed;left:40px;top:90px;background:#fff;color:#c80096;font:bold 40px sans-serif\">{INK_TEXT}</div>';document.body.append(h);"),
    "canvas": dict(script=f"const c=document.createElement('canvas');c.width=600;c.height=80;c.style='position:fixed;left:30px;top:110px';c.setAttribute('aria-hidden','true');const x=c.getContext('2d');x.fillStyle='#c80096';x.font='bold 40px sans-serif';x.fillText('{INK_TEXT}',5,50);document.body.append(c);"),
    # The page is moved by its compositor, and stays there.
    "transform": dict(script="rows.animate([{transform:'none'},{transform:'translateY(-50px)'}],{duration:700,fill:'forwards'})"),
    "transform-busy": dict(script="rows.animate([{transform:'none'},{transform:'translateY(-50px)'}],{duration:700,fill:'forwards'});setTimeout(()=>busy(6000),60)"),
    "translate-transition": dict(script="rows.style.transition='translate .6s';rows.style.translate='0 -150px';setTimeout(()=>busy(5000),60)"),
    # Buttons fade out over secrets that have no node.
    "fade-out": dict(
        body=STYLE + "<style>#deck{position:relative}#deck button{position:absolute;left:0;width:400px;background:#ddd;opacity:1;transition:opacity .5s}"
        ".off button{opacity:0!important}</style><div id=deck aria-hidden=false>" + "".join(
            f"<div aria-hidden=true style='position:absolute;top:{n * 60}px' class=ink>{INK_TEXT} {n}</div><button style='top:{n * 60}px'>Row {n}</button>" for n in range(6)) + "</div>",
        script="deck.className='off'",
    ),
    "toast-zoom": dict(script=TOAST, keys=["ctrl+minus"] * 3),
    "toast-large": dict(script=TOAST, keys=["ctrl+plus"] * 4),
    # A list that reuses its rows: nodes stay, their places and texts change.
    "virtual": dict(
        body="<style>#v{height:600px;overflow:hidden;position:relative}#v div{position:absolute;left:0;right:0;height:60px}</style><div id=v></div>",
        script="let k=0;const go=()=>{first+=1;place();if(++k<7)setTimeout(go,90)};go();",
        extra="<script>let first=0;for(let n=0;n<10;n++){const d=document.createElement('div');v.append(d)}"
        "function place(){[...v.children].forEach((d,n)=>{const i=first+((n-first)%10+10)%10;d.style.transform=`translateY(${(i-first)*60}px)`;"
        "d.innerHTML=i%2?`<span aria-hidden=true class=ink style='line-height:60px'>SECRET-${i} Margarethe</span>`:`<button style='width:400px;height:60px'>Row ${i}</button>`})}place()</script>",
    ),
    "view-transition": dict(
        body="<style>::view-transition-old(root),::view-transition-new(root){animation-duration:5s}</style><div id=rows>" + "".join(f"<button style='width:400px'>Row {n}</button><br>" for n in range(9)) + "</div>",
        script="document.startViewTransition&&document.startViewTransition(()=>{rows.innerHTML='<div class=ink aria-hidden=true>" + f"{INK_TEXT}" + "</div><button>One</button>'})",
    ),
    "inner-scroll": dict(
        body="<div style='height:600px;overflow:auto' id=box>" + rows(random.Random(1)) + "</div>", script="box.scrollTo({top:150,behavior:'smooth'});setTimeout(()=>busy(5000),250)"),
    # Buttons that are scrolled below a header without a node still have their whole boxes.
    "scrolled-under": dict(
        body=STYLE + f"<div aria-hidden=true class=ink style='height:120px'>{INK_TEXT} {INK_TEXT}<br>{INK_TEXT} {INK_TEXT}</div>"
        "<div id=box style='height:500px;overflow:auto'>" + "".join("<button style='width:400px;height:90px'>Row</button><br>" for _ in range(20)) + "</div>",
        script="box.scrollTop=80"),
    "button-overflow": dict(
        body="<div>" + "".join("<button style='width:400px;height:40px;margin:5px'>Row</button>" for _ in range(12)) + "</div>",
        script="document.querySelectorAll('button').forEach((b,n)=>{if(n%2){const i=document.createElement('i');i.setAttribute('aria-hidden','true');"
        "i.style='position:absolute;color:#c80096;font:bold 40px sans-serif;pointer-events:none';i.textContent='" + INK_TEXT + "';b.prepend(i)}})"),
    "background": dict(script="document.querySelectorAll('button').forEach(b=>b.style.background=`url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='400' height='80'><text y='50' font-size='40' fill='rgb(200,0,150)'>Margarethe 4471</text></svg>\")`)"),
    "rotate": dict(script="rows.style.transformOrigin='0 0';rows.animate([{transform:'none'},{transform:'rotate(8deg)'}],{duration:500,fill:'forwards'});setTimeout(()=>busy(5000),60)"),
    "scale": dict(script="rows.style.transformOrigin='0 0';rows.animate([{transform:'none'},{transform:'scale(1.5)'}],{duration:500,fill:'forwards'});setTimeout(()=>busy(5000),60)"),
}
