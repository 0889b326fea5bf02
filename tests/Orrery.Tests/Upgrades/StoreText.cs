using System.Globalization;
using System.Text;
using SQLitePCL;

namespace Orrery.Tests.Upgrades;

/// <summary>
/// A store's file as text and back, so that what a former version wrote can be kept, read and compared by people: SQL statements, one a line. It knows nothing of the tables, which are the store's own.
/// </summary>
internal static class StoreText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    static StoreText()
    {
        Batteries_V2.Init();
    }

    /// <summary>Makes the file that the text is of.</summary>
    public static void ToFile(string text, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using sqlite3 database = Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        Check(database, raw.sqlite3_exec(database, text));
    }

    /// <summary>The text of a file that no process has open.</summary>
    /// <param name="isKept">Whether what a key holds is to be in the text, also what it held formerly.</param>
    public static string Of(string path, Func<string, bool> isKept)
    {
        using sqlite3 database = Open(path, raw.SQLITE_OPEN_READWRITE);
        var text = new StringBuilder("BEGIN;\n");
        foreach (string setting in (string[])["application_id", "user_version"])
        {
            text.Append(CultureInfo.InvariantCulture, $"PRAGMA {setting}={Rows(database, $"PRAGMA {setting}")[0][0]};\n");
        }

        foreach (string[] table in Rows(database, "SELECT name, sql FROM sqlite_master WHERE type='table' ORDER BY name"))
        {
            string name = table[0][1..^1];
            text.Append(table[1][1..^1]).Append(";\n");
            List<string> columns = [.. Rows(database, $"PRAGMA table_info({name})").Select(c => c[1][1..^1])];
            foreach (string[] row in Rows(database, $"SELECT * FROM {name} ORDER BY 1").Where(r => columns.IndexOf("key") is var at && (at < 0 || isKept(r[at][1..^1]))))
            {
                text.Append(CultureInfo.InvariantCulture, $"INSERT INTO {name} VALUES ({string.Join(',', row)});\n");
            }
        }

        return text.Append("COMMIT;\n").ToString();
    }

    /// <summary>Each column as SQL writes it.</summary>
    private static List<string[]> Rows(sqlite3 database, string query)
    {
        Check(database, raw.sqlite3_prepare_v2(database, query, out sqlite3_stmt statement));
        using (statement)
        {
            var rows = new List<string[]>();
            int code;
            while ((code = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
            {
                rows.Add([.. Enumerable.Range(0, raw.sqlite3_column_count(statement)).Select(c => Literal(statement, c))]);
            }

            Check(database, code);
            return rows;
        }
    }

    private static string Literal(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_NULL => "NULL",
        raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, column).ToString(CultureInfo.InvariantCulture),
        raw.SQLITE_TEXT => Quoted(raw.sqlite3_column_text(statement, column).utf8_to_string()),
        _ => Blob(raw.sqlite3_column_blob(statement, column)),
    };

    /// <summary>What is text, as nearly all that is stored, stays readable.</summary>
    private static string Blob(ReadOnlySpan<byte> bytes)
    {
        try
        {
            string text = Strict.GetString(bytes);
            return text.Any(char.IsControl) ? $"X'{Convert.ToHexString(bytes)}'" : $"CAST({Quoted(text)} AS BLOB)";
        }
        catch (DecoderFallbackException)
        {
            return $"X'{Convert.ToHexString(bytes)}'";
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static sqlite3 Open(string path, int flags)
    {
        int code = raw.sqlite3_open_v2(path, out sqlite3 database, flags, null);
        Check(database, code);
        return database;
    }

    private static void Check(sqlite3 database, int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new InvalidOperationException(raw.sqlite3_errmsg(database).utf8_to_string());
        }
    }
}
