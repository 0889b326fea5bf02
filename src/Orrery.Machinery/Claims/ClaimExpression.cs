using System.Text.Json.Nodes;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Claims;

/// <summary>What an expression about a token is asked for.</summary>
public enum ClaimResult
{
    /// <summary>A text, out of <c>claims</c>.</summary>
    Text,

    /// <summary>A text or a list of texts, out of <c>claims</c>.</summary>
    Texts,

    /// <summary>Whether <c>claims</c> are good.</summary>
    ClaimsHold,

    /// <summary>Whether the <c>user</c> made of them is.</summary>
    UserHolds,
}

/// <summary>
/// An expression of an AuthenticationConfiguration (apiserver <c>pkg/authentication/cel</c>): about the claims of a token, or about the
/// user that they were mapped to. Pure; any number of evaluations may run at once.
/// </summary>
public sealed class ClaimExpression
{
    private static readonly CelType Claims = CelType.Map(CelType.String, CelType.Dyn);

    private static readonly CelType User = CelType.Object("kubernetes.UserInfo", new Dictionary<string, CelField>
    {
        ["username"] = new("username", CelType.String),
        ["uid"] = new("uid", CelType.String),
        ["groups"] = new("groups", CelType.List(CelType.String)),
        ["extra"] = new("extra", CelType.Map(CelType.String, CelType.List(CelType.String))),
    });

    private readonly CelProgram program;
    private readonly bool isOfUser;

    private ClaimExpression(CelProgram program, bool isOfUser)
    {
        this.program = program;
        this.isOfUser = isOfUser;
    }

    public string Source => program.Source;

    /// <exception cref="FormatException">It does not compile, or comes to another type.</exception>
    public static ClaimExpression Compile(string source, ClaimResult result)
    {
        bool isOfUser = result == ClaimResult.UserHolds;
        CelProgram program;
        try
        {
            program = CelProgram.Compile(source, isOfUser ? new Dictionary<string, CelType> { ["user"] = User } : new Dictionary<string, CelType> { ["claims"] = Claims });
        }
        catch (CelCompileException fault)
        {
            throw new FormatException("compilation failed: " + fault.Message, fault);
        }

        CelType type = program.ResultType;
        bool fits = type.Kind == CelKind.Dyn || result switch
        {
            ClaimResult.Text => type.Kind == CelKind.String,
            ClaimResult.Texts => type.Kind == CelKind.String || (type.Kind == CelKind.List && type.Arguments[0].Kind is CelKind.String or CelKind.Dyn or CelKind.Parameter),
            _ => type.Kind == CelKind.Bool,
        };
        string wanted = result switch { ClaimResult.Text => "must evaluate to a string", ClaimResult.Texts => "must evaluate to a string or a list of strings", _ => "must evaluate to bool" };
        return fits ? new ClaimExpression(program, isOfUser) : throw new FormatException(wanted);
    }

    /// <summary>Whether it looks at a claim by its name.</summary>
    public bool Reads(string claim) => !isOfUser && program.Reads("claims", claim);

    /// <summary>Whether it comes to true; false too where it fails.</summary>
    /// <param name="json">The claims, or the user.</param>
    public bool Holds(JsonObject json, CancellationToken cancellationToken) => Evaluate(json, cancellationToken) is true;

    /// <summary>The texts: one, those of a list, or none for null and an empty text. Null where it fails or comes to something else.</summary>
    public IReadOnlyList<string>? Texts(JsonObject claims, CancellationToken cancellationToken) => Evaluate(claims, cancellationToken) switch
    {
        null => [],
        string text => text.Length == 0 ? [] : [text],
        CelList list when list.Items.All(item => item is string) => [.. list.Items.Cast<string>().Where(t => t.Length > 0)],
        _ => null,
    };

    private object? Evaluate(JsonObject json, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, object?>
        {
            [isOfUser ? "user" : "claims"] = CelValues.FromJson(json, isOfUser ? User : Claims),
        };
        try
        {
            return program.Evaluate(variables, new CelBudget(CelBudget.PerExpression), cancellationToken);
        }
        catch (CelBudgetException spent)
        {
            return new CelError(spent.Message);
        }
    }
}
