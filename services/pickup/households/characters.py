"""The tables behind the spelling of names and addresses: which characters count as one, and the prefectures."""

# Characters that count as the first of their group: 髙 -> 高, ヶ -> ケ, æ -> a
_GROUPS = """
高髙 崎﨑嵜碕 斎齋斉齊 辺邊邉 浜濱濵 沢澤 島嶋嶌 広廣 桜櫻 徳德 竜龍 滝瀧 富冨 吉𠮷 峰峯 桑桒 橋槗𣘺 柳栁 柏栢 梅楳
淵渕渊 館舘 郎郞 曽曾 薮藪 桧檜 槙槇 尭堯 遥遙 凛凜 祢禰 鯵鰺 竈竃 籠篭 園薗 秋穐 鶯鴬 莱萊 祷禱 麹麴 岳嶽 諌諫 頚頸
涛濤 砺礪 壷壺 梼檮 蛎蠣 潅灌 靭靱 賎賤 迩邇 蝿蠅 侭儘 撹攪 蕊蘂 恒恆 清淸 青靑 増增 瀬瀨 緑綠 録錄 黒黑 内內 万萬
亜亞 悪惡 圧壓 囲圍 医醫 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 縁緣 応應 欧歐 殴毆 奥奧 横橫 温溫 穏穩 仮假 価價
画畫 会會 壊壞 懐懷 絵繪 拡擴 殻殼 覚覺 学學 楽樂 巻卷 陥陷 勧勸 関關 歓歡 観觀 気氣 帰歸 亀龜 偽僞 戯戲 犠犧 旧舊
拠據 挙擧 峡峽 挟挾 狭狹 郷鄕 暁曉 区區 駆驅 勲勳 径徑 茎莖 恵惠 渓溪 経經 蛍螢 軽輕 継繼 鶏鷄 芸藝 撃擊 欠缺 県縣
倹儉 剣劍 険險 圏圈 検檢 献獻 権權 顕顯 験驗 厳嚴 巌巖 効效 鉱鑛礦 号號 国國 砕碎 済濟 剤劑 雑雜 参參 桟棧 蚕蠶 惨慘
賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫 舎舍 釈釋 寿壽 収收 従從 渋澁 獣獸 縦縱 粛肅 処處 叙敍 将將 称稱 焼燒
証證 奨奬 条條 状狀 乗乘 浄淨 剰剩 畳疊 縄繩 壌壤 嬢孃 譲讓 醸釀 触觸 嘱囑 真眞 寝寢 慎愼 尽盡 図圖 粋粹 酔醉 穂穗
随隨 髄髓 枢樞 数數 声聲 静靜 窃竊 摂攝 専專 浅淺 戦戰 践踐 銭錢 潜潛 繊纖 禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 巣巢
装裝 総總 騒騷 蔵藏 臓臟 属屬 続續 堕墮 対對 体體 帯帶 滞滯 台臺 択擇 担擔 単單 胆膽 団團 弾彈 断斷 痴癡 遅遲 虫蟲
昼晝 鋳鑄 庁廳 聴聽 勅敕 鎮鎭 逓遞 鉄鐵鉃 点點 転轉 伝傳 灯燈 当當 党黨 盗盜 稲稻 闘鬪 独獨 読讀 届屆 弐貳 悩惱 脳腦
覇霸 拝拜 廃廢 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 秘祕 払拂 仏佛 並竝 変變 歩步 宝寶寳 豊豐 褒襃 翻飜 毎每 満滿 黙默 弥彌
訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠 来來 頼賴 乱亂 覧覽 両兩 猟獵 塁壘 励勵 礼禮 隷隸 霊靈 齢齡 恋戀 炉爐
労勞 楼樓 湾灣 戸戶 尚尙 芦蘆
ケヶ カヵ aæ dđð iı lł oø
"""

VARIANTS = {ord(other): group[0] for group in _GROUPS.split() for other in group[1:]}
"""Each character that is only another form of one in daily use.

The 旧字体 of the 常用漢字表, the forms of JIS X 0213 (髙, 﨑, 邉, 濵) that family registers keep and many keyboards
lack, ヶ for ケ, and letters that Unicode does not take apart (đ, ø).
"""

# キョウコ -> キヨウコ
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")

KATAKANA = _LARGE | {code: chr(code + 0x60).translate(_LARGE) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
"""Hiragana to katakana, and every small kana to its large one: banks and old systems write キヨウコ for キョウコ."""

PREFECTURES = (
    "北海道|青森県|岩手県|宮城県|秋田県|山形県|福島県|茨城県|栃木県|群馬県|埼玉県|千葉県|東京都|神奈川県|新潟県|富山県"
    "|石川県|福井県|山梨県|長野県|岐阜県|静岡県|愛知県|三重県|滋賀県|京都府|大阪府|兵庫県|奈良県|和歌山県|鳥取県|島根県"
    "|岡山県|広島県|山口県|徳島県|香川県|愛媛県|高知県|福岡県|佐賀県|長崎県|熊本県|大分県|宮崎県|鹿児島県|沖縄県"
)
"""The 47 of 全国地方公共団体コード (JIS X 0401), in its order, as a pattern."""
