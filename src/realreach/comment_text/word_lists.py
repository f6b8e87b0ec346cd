"""The words that are listed: Indonesian and English ones, and those of wishes and prayers.

Function words, particles, slang, laughter and words of fans, spelled as squeezing leaves them. Malay counts as
Indonesian. Words of both languages stand in neither list.
"""

from __future__ import annotations

__all__ = ["ENGLISH", "ENGLISH_BIT", "INDONESIAN", "INDONESIAN_BIT", "WISHES", "WISH_BIT"]

INDONESIAN_BIT, ENGLISH_BIT, WISH_BIT = 1, 2, 4
"""How :attr:`realreach.comment_text.words.Words.listed` tells in which lists a word stands."""

_INDONESIAN = """
aamiin abang abis absen acara ada adalah adek adik agar aja ajaib akan akhirnya aku alhamdulillah allah amin ampun
anak anaknya anda aneh anjay anjing anjir antara apa apaan apakah apalagi artis asik asli assalamualaikum astaga
astagfirullah astaghfirullah asyik atas atau awas ayah ayo ayok bagaimana bagi bagus bahagia bahasa bahkan baik
balik bang banget bangga bangsa banyak bapak bapaknya barakallah baru bawa beda begini begitu beli belom belum benar
bener beneran berapa berarti berhasil berita berkah besar besok betul bg bgt bgtt biar biasa bikin bilang bilek bisa
bismillah biyar boleh bos bosque boss bro bu buat bukan bulan bunda bunga cakep cakeppp cantik cantikk cantiknya
capek cari cerita cewek cie ciee coba cocok cowok cuma cuman dah dalam dan dapat dapet dari datang dateng deh dengan
dengar depan dgn dgr di dia diam diatas dibawah dibeli dikasih dimana diri disana disini ditunggu dlm doa doang dong
donk dpt duit dulu duluan dunia emak emang emg emng enak engga enggak ga gaes gak gakk gan ganteng gantengnya gara
gas gass gassss gemes gemoy gera gercep gila gimana gini gitu gk gmn gmna gt gtu gua gue guys gw hadir haha hahaha
hahahaha hai hallo halo harga hari harus hati hebat hidup hingga hrs huhu ibu ibunya ih ikut indah indonesia ingat
inget ini innalillahi inshaallah insya insyaallah istri istrinya itu iya iyah jadi jaga jakarta jalan jaman jangan
jd jelek jg jgn juga kagak kaget kak kaka kakak kakaknya kakk kalau kali kalian kalo kamu kan kangen kapan karena
karna kasian kasih kasihan kaya kayak kayaknya ke kebanyakan kecil keluarga kemana kembali kenapa keren kerennn
kerja ketawa ketemu kita kk klo klw knp kocak kok konten kpn krn kuat kurang kyk lagi lagu lah lain lakinya lancar
langsung lanjut lbh lebih lewat lg lgi lho liat lihat lo loh lu luar lucu lucunya lupa maaf mah maju makan makasih
makin maksud malah malam malem mama mamah mampir mana mancing mandi manis mantap mantul manusia mas masa masalah
masih masuk masya masyaallah mati mau mba mbak mending merdeka mereka mimpi min minta mirip mksh mna moga msh mulai
mulu mungkin naik nama namanya nangis nanti ngakak ngapain ngerti ngga nggak nggk nih nikah nonton ntar nunggu
nungguin nya nyanyi nyari nyesel om orang org pada padahal pagi paham pak pakai pake paling panas papa parah pas
pasti pdhl pengen pengin perempuan pergi pernah pertama pertamaa pertamax pgn pintar pinter ponakan punya pusing
rahayu rakyat ramai rame rasa rejeki rezeki ribet rindu rumah saat saja sakit salah salam salfok salken sama sampai
sampe sangat satu saya sayang sbg sblm sdh sebagai sebelum seberapa sebuah sedih sehat sehatt sejak sekali sekarang
sekolah selalu selamat selesai seluruh semangat semoga semua semuanya senang sendiri seneng seperti sepertinya
sering seru sesuai sgt siapa sih sini skrg slalu sllu sm smg smoga smua sngt soalnya sp spt suami suaminya
subhanallah sudah sudahlah suka sukses sumpah susah syantik tadi tahu takut tambah tanah tapi tau tdk teh telat
teman temen tempat tengah terbaik teriak terima terimakasih teringat ternyata terus tetap tetep tgl tiap tiba tidak
tiket tinggal tolong tp tpi trnyata trus ttp tua tuh tuhan tunggu turun turut uang udah udahan udh untuk utk
waalaikumsalam waduh wah wajah waktu wanita warga wkkw wkwk wkwkw wkwkwk wkwkwkwk wkwkwkwkwk wkwkwkwkwkwk woi woy
xixi ya yaa yaah yaallah yah yakin yang yaudah yg yok yuk yukk yuks
"""
_ENGLISH = """
about actually after again all also always am amazing an and any anyone are as at awesome back banger be beautiful
because been before being believe best better big birthday boy bro bruh but by came can cant channel check come
comment comments congrats congratulation congratulations cool could cute damn day did didnt do does doesnt done dont
down dude even ever every everyone fact favorite favourite feel first for from fun funny game get girl girls give go
god going gonna good gorgeous got gotta great guy guys had happy has have he hell hello help her here hes hey hi him
his hope how i if im in is isnt it its ive job just keep know last life like listen listening literally little lmao
lol long look looking looks love loved lovely loves made make man many masterpiece maybe me miss more morning most
much music my need never new nice night no nope not nothing now of old omg on one only or our out people perfect
play played playing please pretty probably real really remember right sad said say see seen she shes shit should so
some someone something song songs sorry start still stop stunning subscribe sweet than thank thanks that thats the
their them then there these they theyre think this those thought time to today tomorrow too true two
understand up us very vibes video videos wait waiting wanna want was watch watched watching way we were what whats
when where which who why will wish with wont work world would wow wrong yeah year years yep yes you
your youre
"""
_WISHES = """semoga smoga moga amin aamiin amiin allahumma barakallah barakallahu birthday bday congrats congratulation
congratulations innalillahi insyaallah masyaallah alhamdulillah subhanallah bismillah sehat selalu selamat sukses berkah
lancar rezeki rejeki doa doakan mendoakan didoakan bless blessed blessing pray prayers panjang umur milad ultah samawa
sakinah mawaddah warahmah husnul khotimah berduka condolences"""

WISHES = frozenset(_WISHES.split())
INDONESIAN = frozenset(_INDONESIAN.split()) - frozenset(_ENGLISH.split())
ENGLISH = frozenset(_ENGLISH.split()) - frozenset(_INDONESIAN.split())
